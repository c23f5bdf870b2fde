"""What a plan gives examples with: inputs that a process can have in it, and what ids mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geoplan.catalogue import Catalogue
    from geoplan.model import Lang
    from geoplan_api.service import Service


def titles_of(catalogue: Catalogue, lang: Lang) -> dict[str, str]:
    """Return what people call the layers and rasters of a plan, by their ids."""
    layers = {one.id: one.title.to(lang) for one in catalogue.values()}
    return layers | {one.id: one.title.to(lang) for one in catalogue.rasters.values()}


def examples_of(service: Service) -> dict[str, Any]:
    """Return values of inputs, by name or by process and name."""
    catalogue = service.catalogue
    west, south, east, north = catalogue.plan.extent
    middle = [round((west + east) / 2, 4), round((south + north) / 2, 4)]
    found: dict[str, Any] = {
        "geometry": {"type": "Point", "coordinates": middle},
        "points": [middle],
        "chainages": ["K0+000"],
        "upstream_m": 500,
        "downstream_m": 500,
        "old": "2024",
    }
    line = next((one for one in catalogue.values() if one.geometry == "line"), None)
    if line is not None:
        rows = service.tables[line.id].look().page(None, 1)
        found |= {"layer": line.id} | ({"feature": rows[0].id} if rows else {})
    for raster in catalogue.rasters.values():
        if raster.kind == "dem":
            found["raster"] = raster.id
        if raster.kind == "landcover":
            found["zonal-classes.raster"] = raster.id
    return found
