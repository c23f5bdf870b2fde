"""Layers authored as text: reviewable sources, built into GeoPackages."""

from geoplan.authoring.build import BuildReport, build_plan

__all__ = ["BuildReport", "build_plan"]
