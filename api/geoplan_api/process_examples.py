"""What a plan says to the inputs of processes: names, values that are known, examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geoplan.rules.pack import NATIONAL, pack_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geoplan.model import Lang
    from geoplan_api.service import Service


@dataclass(frozen=True)
class PlanWords:
    """What a plan says to inputs.

    Attributes
    ----------
    titles : mapping of str to str
        Ids of layers, rasters and kinds → what people call them.
    known : mapping of str to sequence of str
        Name of an input → values that are known here, where its schema lists none.
    examples : mapping of str to Any
        Name of an input, or process and name → a value it can have.
    """

    titles: Mapping[str, str]
    known: Mapping[str, Sequence[str]]
    examples: Mapping[str, Any]


def words_of(service: Service, lang: Lang) -> PlanWords:
    """Return what a plan says to inputs."""
    catalogue = service.catalogue
    titles = {kind: symbol.title.to(lang) for kind, symbol in catalogue.symbols.items()}
    titles |= {one.id: one.title.to(lang) for one in catalogue.values()}
    titles |= {one.id: one.title.to(lang) for one in catalogue.rasters.values()}
    packs = pack_names(catalogue.directory / "rules")
    known = {
        # a later pack wins, so the base of all comes first
        "rasters": list(catalogue.rasters),
        "packs": sorted(packs, key=lambda name: name != NATIONAL),
        "kind": [kind for kind in catalogue.symbols if kind in catalogue.schemas],
        "land_use": [one.id for one in catalogue.values() if one.kind == "land_use"],
    }
    return PlanWords(titles, known, _examples(service))


def _examples(service: Service) -> dict[str, Any]:
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
