"""What processes there are, in a worker: their models need geopandas, the web process does not.

The answer is plain: what a page or a document says of a process, in both languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from geoplan.model import Document
from geoplan.processes import RasterResult
from geoplan_api.work.dialect import openapi
from geoplan_api.work.echo import ECHO, processes
from geoplan_api.work.plans import plan_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from geoplan.catalogue import Catalogue
    from geoplan.processes import Process

LAYER_INPUTS = ("layers", "by")
"""Inputs that hold layer ids."""

RASTER, TABLE, PAGE, REPORT = ["tif", "json"], ["json", "geojson", "csv", "gpkg"], ["html"], "xlsx"
"""What processes answer with, by what they make; names as of `geoplan_api.negotiation`."""


def described(plan: str, seen: tuple[str, ...] | None, with_echo: bool) -> list[dict[str, Any]]:
    """Describe the processes of a plan.

    Parameters
    ----------
    plan : str
        Its folder.
    seen : tuple of str, optional
        The layers and rasters that are told of; None for all.
    with_echo : bool
        Whether the process for test suites is among them.

    Returns
    -------
    list of dict
        For each ``id``, ``title`` and ``description`` by language, ``inputs`` (as OGC API -
        Processes describes them) and ``offers``: the names of what it answers with, the usual
        one first.
    """
    catalogue = plan_of(plan, seen)
    return [
        {
            "id": process.id,
            "title": process.title.model_dump(),
            "description": process.description.model_dump(),
            "inputs": _inputs(process.inputs, catalogue),
            "offers": offers(process),
        }
        for process in processes(with_echo=with_echo).values()
    ]


def offers(process: Process) -> list[str]:
    """Return the names of what a process answers with, as its signature says."""
    made = get_type_hints(process.run)["return"]
    if made is RasterResult:
        return RASTER
    if made is Document:
        if "format" in process.inputs.model_fields:
            return list(get_args(process.inputs.model_fields["format"].annotation))
        return ["json"] if process.id == ECHO.id else PAGE
    return [*TABLE, REPORT] if process.id == "check" else TABLE


def _inputs(model: type[BaseModel], catalogue: Catalogue) -> dict[str, Any]:
    told = {}
    whole = model.model_json_schema()
    shared: Mapping[str, Any] = whole.get("$defs", {})
    schema: Mapping[str, dict[str, Any]] = {
        name: openapi(found) for name, found in _inlined(whole["properties"], shared).items()
    }
    for name, found in schema.items():
        own = {key: value for key, value in found.items() if key not in ("title", "description")}
        if name in LAYER_INPUTS:
            own["items"] = {"type": "string", "enum": list(catalogue)}
        if name == "rasters" and catalogue.rasters:
            own["items"] = {"type": "string", "enum": list(catalogue.rasters)}
        if name in ("layer", "raster"):
            own["enum"] = list(catalogue if name == "layer" else catalogue.rasters)
        told[name] = {
            "title": name,
            "description": found.get("description", ""),
            "minOccurs": int(name in whole.get("required", ())),
            "maxOccurs": 1,
            "schema": own,
        }
    return told


def _inlined(schema: Any, shared: Mapping[str, Any]) -> Any:
    """Return a schema with what it refers to in its place: each input is described by itself."""
    if isinstance(schema, list):
        return [_inlined(one, shared) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**shared[schema["$ref"].rsplit("/", 1)[1]], **beside}, shared)
    return {key: _inlined(value, shared) for key, value in schema.items()}
