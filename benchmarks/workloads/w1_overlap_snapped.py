"""W1 as a cadastre has it: the zones are dissolved from the parcels, so boundaries coincide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import layers
from benchmarks.contest import write
from benchmarks.workloads.w1_overlap import SIZES, WHO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SIZES", "TITLE", "WHO", "build"]

TITLE = "W1 overlap, {parcels:,} parcels x {zones:,} zones dissolved from them"


def build(folder: Path, parcels: int, zones: int) -> None:
    cadastre = layers.parcels(parcels, seed=1)
    write(folder, parcels=cadastre, zones=layers.snapped_zones(cadastre, zones, seed=3))
