"""Layers in partitions: one process, workers of dask, one of them killed."""
