"""The questions that are timed, one file each: `TITLE`, `SIZES`, `build`, and who answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

NAMES = {
    "w1": "w1_overlap",
    "w1-snapped": "w1_overlap_snapped",
    "w2": "w2_lines",
    "w3": "w3_coverage",
    "w4": "w4_clearance",
    "w5": "w5_site",
    "w6": "w6_zonal",
    "w1-1m": "w1_overlap_million",
}


def workload(name: str) -> ModuleType:
    """Return the module of a workload."""
    return import_module(f"{__name__}.{NAMES[name]}")
