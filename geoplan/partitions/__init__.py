"""Layers larger than memory: GeoParquet in partitions along a Hilbert curve, asked one by one."""

from geoplan.partitions.asking import Summary, clearance, coverage, overlap
from geoplan.partitions.dataset import Partition, Partitions
from geoplan.partitions.tiling import tile

__all__ = ["Partition", "Partitions", "Summary", "clearance", "coverage", "overlap", "tile"]
