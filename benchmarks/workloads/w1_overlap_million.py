"""W1 with a million parcels: does it complete, and within which memory."""

from __future__ import annotations

from benchmarks.workloads.w1_overlap import WHO, build

__all__ = ["PEAK_LIMIT_MB", "SIZES", "TITLE", "WHO", "build"]

TITLE = "W1 overlap, {parcels:,} parcels x {zones:,} irregular zones"
SIZES = {
    "tiny": {"parcels": 900, "zones": 12},
    "full": {"parcels": 1_000_000, "zones": 2_000},
}
PEAK_LIMIT_MB = {"geoplan": 6 * 1024}
