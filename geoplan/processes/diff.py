"""The process ``diff``: what changed from an older version of the plan to the one served."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from geoplan.catalogue import CATALOGUE, Catalogue
from geoplan.errors import VersionNotFound
from geoplan.model import ReportRecord, Result, RunRecord, Text
from geoplan.processes.check import PackId, record_of
from geoplan.processes.process import Inputs, LayerIds, Process, run_record
from geoplan.tables.versions import versions
from geoplan.versions import difference

if TYPE_CHECKING:
    from geoplan.model import Table
    from geoplan.versions import Difference

VERSIONS = "versions"
"""Folder of a plan that holds its older versions, each a plan in a folder of its own."""
VersionId = Annotated[str, Field(pattern=r"^[a-z0-9]+([-.][a-z0-9]+)*$", max_length=100)]


class DiffInputs(Inputs):
    """Inputs of the process ``diff``."""

    old: VersionId = Field(
        description="The older version: a folder of that name in the plan's folder 'versions'."
    )
    layers: LayerIds = Field(
        default=(), description="Layers to compare; none means all that both versions have."
    )
    packs: tuple[PackId, ...] = Field(
        default=(),
        max_length=20,
        description="Rule packs to check both versions by; none compares features alone.",
    )
    on: datetime.date | None = Field(
        default=None, description="The day whose law counts; none takes every rule."
    )


def diff(catalogue: Catalogue, inputs: DiffInputs) -> Result:
    """Compare an older version with the plan; see `geoplan.versions.difference`."""
    old = Catalogue.open(version_folder(catalogue, inputs.old)).only(catalogue.seen)
    found = difference(old, catalogue, inputs.packs, layers=inputs.layers, on=inputs.on)
    return result_of(found, json.loads(inputs.model_dump_json()))


def version_folder(catalogue: Catalogue, version: str) -> Path:
    """Return the folder of an older version of a plan.

    Raises
    ------
    VersionNotFound
        The plan keeps no version of that name.
    """
    folder = catalogue.directory / VERSIONS
    kept = sorted(one.parent.name for one in folder.glob(f"*/{CATALOGUE}"))
    if version not in kept:
        raise VersionNotFound(
            f"the plan {catalogue.plan.id!r} keeps no version {version!r}; "
            f"it keeps: {', '.join(kept) or 'none'}"
        )
    return folder / version


def result_of(found: Difference, inputs: dict[str, object]) -> Result:
    """Return a difference as the answer of a process: changed features, table G beside them."""
    parts = [_part(found, layer.id) for layer in found.sources]
    parts += [{"layer": name, "state": "layer_added"} for name in found.layers_added]
    parts += [{"layer": name, "state": "layer_removed"} for name in found.layers_removed]
    totals: dict[str, float] = {"count": len(found.features)}
    for name in ("added", "removed", "renamed", "changed", "unchanged"):
        totals[f"{name}_count"] = sum(part.get(f"{name}_count", 0) for part in parts)
    tables: tuple[Table, ...] = ()
    if found.findings is not None:
        tables = (versions(found.findings, *found.checks),)
        for became in ("new", "cleared", "worse", "better", "unchecked", "checked"):
            totals[f"finding_{became}_count"] = int((found.findings["became"] == became).sum())
    return Result(
        "diff", found.features, inputs, found.sources, _run(found), (), totals, tuple(parts),
        tables=tables,
    )  # fmt: skip


def _part(found: Difference, layer_id: str) -> dict[str, Any]:
    mine = found.features[found.features["layer"] == layer_id]["change"]
    counts = {
        f"{name}_count": int((mine == name).sum())
        for name in ("added", "removed", "renamed", "changed")
    }
    return {
        "layer": layer_id,
        "state": "compared",
        **counts,
        "unchanged_count": found.unchanged[layer_id],
    }


def _run(found: Difference) -> RunRecord | ReportRecord:
    return record_of(found.checks[1].record) if found.checks else run_record(())


PROCESS = Process(
    "diff",
    Text(zh="版本差异", en="Version difference"),
    Text(
        zh="规划两个版本之间：新增、删除、改动的要素（几何变化以米与平方米计，属性列出前后值），"
        "以及新增、消除、加重、减轻的冲突及其原因。",
        en="Between two versions of the plan: features added, removed and changed, geometry in "
        "metres and square metres, attributes before and after; and conflicts that are new, "
        "cleared, worse or better, each with its reason.",
    ),
    DiffInputs,
    diff,
)
