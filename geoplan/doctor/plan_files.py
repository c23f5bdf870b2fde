"""The folder of a plan, its disk, its layers and its keys."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from geoplan.access import KeyFile, key_file
from geoplan.catalogue import Catalogue
from geoplan.doctor.check import Check, Level
from geoplan.errors import BadData, GeoplanError, KeysUnreadable
from geoplan.store.admit import inspect
from geoplan.store.capabilities import network_drive, takes_a_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geoplan.settings import Settings

LOW_MB, TOO_LOW_MB = 1000, 100


def folder(plan: Path, *, editing: bool) -> Check:
    """Check that the folder can be written: edits, backups and decisions do."""
    told = {"folder": str(plan)}
    if not plan.is_dir():
        return Check("fail", "folder_none", told, of_plan=True)
    if not os.access(plan, os.W_OK | os.X_OK):
        return Check("fail" if editing else "warn", "folder_fail", told)
    return Check("ok", "folder_ok", told)


def log(plan: Path, *, editing: bool) -> Check:
    """Check that files there can have a write-ahead log; on network drives they cannot."""
    bad: Level = "fail" if editing else "warn"
    kind = network_drive(plan.resolve())
    if kind:
        return Check(bad, "log_network", {"kind": kind})
    try:
        possible = takes_a_log(plan)
    except OSError as error:
        return Check(bad, "log_fail", {"why": error.strerror or str(error)})
    if not possible:
        return Check(bad, "log_fail", {"why": "SQLite"})
    return Check("ok", "log_ok", {})


def space(plan: Path) -> Check:
    """Check that the disk is not nearly full."""
    try:
        free = shutil.disk_usage(plan).free // 1_000_000
    except OSError:
        return Check("fail", "folder_none", {"folder": str(plan)}, of_plan=True)
    if free < LOW_MB:
        return Check("fail" if free < TOO_LOW_MB else "warn", "space_low", {"megabytes": free})
    return Check("ok", "space_ok", {"megabytes": free})


def keys(settings: Settings) -> Check:
    """Check that the file of the keys, where there is one, can be read and by nobody else."""
    path = key_file(settings.plan, settings.keys)
    try:
        count = len(KeyFile(path).all())
    except KeysUnreadable as error:
        return Check("fail", "keys_fail", {"why": str(error)})
    return Check("ok", "keys_ok", {"count": count, "path": str(path)})


def layers(plan: Path) -> Iterator[Check]:
    """Check each layer and raster of a plan as if it came from a stranger."""
    try:
        catalogue = Catalogue.parse(plan)
    except GeoplanError as error:
        at_fault = isinstance(error, BadData)
        yield Check("fail", "plan_fail", {"why": str(error)}, of_plan=at_fault)
        return
    for layer_id in catalogue:
        yield _layer(catalogue, layer_id)
    for raster in catalogue.rasters.values():
        try:
            catalogue.check_raster(raster)
        except GeoplanError as error:
            yield Check("fail", "layer_fail", _told(raster.id, str(error)), of_plan=True)
        else:
            yield Check("ok", "layer_ok", {"layer": raster.id})


def _layer(catalogue: Catalogue, layer_id: str) -> Check:
    layer = catalogue[layer_id]
    if layer.role != "plan" and not catalogue.path(layer_id).exists():
        return Check("warn", "layer_absent", {"layer": layer_id}, of_plan=True)
    try:
        catalogue.check(layer)
        found = inspect(catalogue.path(layer_id)).findings
    except GeoplanError as error:
        return Check("fail", "layer_fail", _told(layer_id, str(error)), of_plan=True)
    worst = sorted(found, key=lambda one: one.level != "error")
    if not worst:
        return Check("ok", "layer_ok", {"layer": layer_id})
    one = worst[0]
    told = _told(layer_id, f"{one.object}: {one.message} ({one.code})")
    if one.level == "error":
        return Check("fail", "layer_fail", told, of_plan=True)
    return Check("warn", "layer_warn", told, of_plan=True)


def _told(layer_id: str, why: str) -> dict[str, str]:
    return {"layer": layer_id, "why": why}
