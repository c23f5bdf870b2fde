"""Running a process, in a worker: inputs as they were sent, the answer as bytes or as a file."""

from __future__ import annotations

import inspect
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from geoplan.errors import AnswerTooLarge, BadQuery, GeoplanError
from geoplan.export import result_document, write_result
from geoplan.model import Document, Result
from geoplan.processes import RasterResult
from geoplan.progress import Progress
from geoplan_api.errors import BadInput
from geoplan_api.geojson import dumps
from geoplan_api.work.describe import LAYER_INPUTS
from geoplan_api.work.echo import ECHO, processes
from geoplan_api.work.plans import plan_of
from geoplan_api.work.pointers import pointer_to
from geoplan_api.work.sent import brought_home

if TYPE_CHECKING:
    from collections.abc import Callable

    from geoplan.catalogue import Catalogue
    from geoplan.model import Lang
    from geoplan.processes import Process

_SHOWN = ("html", "json")
_PARTS = 1000
"""How finely progress is told."""


def loaded() -> None:
    """Do nothing: whoever calls it has everything here loaded."""


def execute(
    plan: str, asked: dict[str, Any], told: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Run a process on a plan.

    Parameters
    ----------
    plan : str
        Folder of the plan.
    asked : dict
        ``process`` (one that there is), ``seen`` (`plan_of`), ``inputs`` as they were sent,
        ``form`` of the answer (`geoplan_api.work.describe.offers`), ``lang``, ``base`` (the
        address of the service: links below it may stand for layers and features),
        ``max_cells`` of a raster.
    told : callable, optional
        Told how much is done, of how much.

    Returns
    -------
    dict
        ``body`` (bytes), or ``file`` (path of a file that is the caller's now) with ``name`` and
        how much is ``left_out`` of what has no room in it; or ``error`` (class), ``message`` and
        ``pointer``.
    """
    try:
        catalogue, process = plan_of(plan, asked["seen"]), _process(asked)
        inputs = brought_home(asked["inputs"], catalogue, asked["base"])
        if "format" in process.inputs.model_fields and isinstance(inputs, dict):
            inputs = {**inputs, "format": asked["form"]}
        checked = _checked(inputs, process.inputs, catalogue)
        takes = "progress" in inspect.signature(process.run).parameters
        progress = {"progress": _telling(told)} if takes and told else {}
        answer = process.run(catalogue, checked, **progress)
        return _answer(answer, asked["form"], asked["lang"], asked["max_cells"])
    except GeoplanError as error:
        pointer = getattr(error, "pointer", None)
        return {"error": type(error).__name__, "message": str(error), "pointer": pointer}


def _process(asked: dict[str, Any]) -> Process:
    return processes(with_echo=asked["process"] == ECHO.id)[asked["process"]]


def _telling(told: Callable[[int, int], None]) -> Progress:
    return Progress(lambda step: told(round(step.ratio * _PARTS), _PARTS))


def _checked(given: Any, model: type[BaseModel], catalogue: Catalogue) -> BaseModel:
    try:
        inputs = model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        pointer = pointer_to("inputs", *first["loc"])
        raise BadInput(f"{pointer}: {first['msg']}", pointer) from None
    _refuse_unknown_layers(inputs, catalogue)
    return inputs


def _refuse_unknown_layers(inputs: BaseModel, catalogue: Catalogue) -> None:
    for name in LAYER_INPUTS:
        for position, layer_id in enumerate(getattr(inputs, name, ())):
            if layer_id not in catalogue:
                pointer = pointer_to("inputs", name, position)
                known = ", ".join(catalogue)
                raise BadInput(f"{pointer}: no layer {layer_id!r}; there are: {known}", pointer)
    for name, there in (("layer", catalogue), ("raster", catalogue.rasters)):
        asked = getattr(inputs, name, None)
        if asked is not None and asked not in there:
            pointer, known = pointer_to("inputs", name), ", ".join(there) or "none"
            raise BadInput(f"{pointer}: no {name} {asked!r}; there are: {known}", pointer)


def _answer(
    answer: Result | Document | RasterResult, form: str, lang: Lang, max_cells: int
) -> dict[str, Any]:
    if isinstance(answer, Document):
        content = answer.content
        if isinstance(content, str):
            content = content.encode("utf-8", "backslashreplace")
        # a page is looked at, other documents are kept
        return {"body": content, "name": None if form in _SHOWN else f"{answer.process}.{form}"}
    if isinstance(answer, RasterResult):
        _refuse_large(answer, max_cells)
        if form == "tif":
            of = answer.source.id if answer.source else "raster"
            name = f"{of}.tif" if answer.process == "cog" else f"{of}-{answer.process}.tif"
            return {"file": str(answer.write(_place(name))), "name": name}
        answer = answer.summary()
    if form in ("json", "geojson"):
        document = result_document(answer)
        if form == "geojson" and document.get("type") != "FeatureCollection":
            raise BadQuery(f"{answer.process} has no geometry to put in GeoJSON: ask for JSON")
        return {"body": dumps(document).encode()}
    name = f"{answer.process}.{form}"
    path = _place(name)
    write_result(answer, path, lang)
    left_out = sum(one.count for one in answer.left_out)
    return {"file": str(path), "name": name, "left_out": left_out}


def _refuse_large(made: RasterResult, max_cells: int) -> None:
    with made.opened() as blocks:
        height, width = blocks.grid.height, blocks.grid.width
    if height * width > max_cells:
        raise AnswerTooLarge(
            f"{height:,} x {width:,} cells are asked for; the service makes {max_cells:,} at most "
            f"(GEOPLAN_MAX_RASTER_CELLS): name a bbox, or use the command line"
        )


def _place(name: str) -> Path:
    """Return where to write a file: in a folder of its own, which goes with the worker."""
    return Path(tempfile.mkdtemp(prefix="answer-")) / name
