"""All checks, one after the other: the whole examination, and the glance at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.doctor import machine, plan_files
from geoplan.doctor.check import Check, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.settings import Settings

__all__ = ["Check", "Level", "examine", "glance"]


def examine(settings: Settings) -> Iterator[Check]:
    """Yield every check of machine and plan; those of layers read every feature."""
    yield machine.proj()
    yield machine.gdal()
    yield machine.gdal_proj()
    yield machine.figure_font()
    yield from _quick(settings)
    yield plan_files.log(settings.plan, editing=settings.editing)
    yield from plan_files.layers(settings.plan)


def glance(settings: Settings) -> Iterator[Check]:
    """Yield what takes a few milliseconds and loads nothing that the web process does not use."""
    yield machine.proj()
    yield from machine.data_folders()
    yield from _quick(settings)
    if settings.editing:  # it is tried by writing, and who only reads writes nothing
        yield plan_files.log(settings.plan, editing=True)


def _quick(settings: Settings) -> Iterator[Check]:
    yield machine.fonts()
    yield machine.sqlite()
    yield plan_files.folder(settings.plan, editing=settings.editing)
    yield plan_files.space(settings.plan)
    yield plan_files.keys(settings)
