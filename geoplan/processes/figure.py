"""The process ``figure``: a map sheet for a document, to a stated scale on paper."""

from __future__ import annotations

import datetime
import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery, FindingNotFound
from geoplan.model import Document, Lang, Plan, Text
from geoplan.processes import site_rules
from geoplan.processes.check import PackId, result_of
from geoplan.processes.diff import VersionId, version_folder
from geoplan.processes.process import Inputs, Process, run_record
from geoplan.processes.sheet_content import content_of
from geoplan.progress import QUIET, Progress
from geoplan.rules.check import check as checked
from geoplan.rules.pack import NATIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.figure import Prepared, Sheet, SheetSpec, Underlay
    from geoplan.webmap import MapContent

Form = Literal["png", "svg", "pdf"]
MEDIA_TYPES: dict[Form, str] = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}
MOST_PX = 80_000_000
"""Pixels of one picture: A3 at 600 dpi has 70 million."""

_MM_PER_INCH = 25.4
_FRAMED_MM = 100.0, 80.0
"""What a sheet with a frame has room on, with the legend of many layers."""

_Degrees = Annotated[float, Field(allow_inf_nan=False, ge=-180, le=180)]
_Millimetres = Annotated[float, Field(allow_inf_nan=False, ge=30, le=2000)]
_Pixels = Annotated[int, Field(ge=50, le=20_000)]


def _box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = box
    if not (west < east and south < north and max(abs(south), abs(north)) <= 90):
        raise ValueError("an extent is west, south, east, north in degrees, west < east")
    return box


class FigureInputs(Inputs):
    """Inputs of the process ``figure``."""

    sheet: Literal["overview", "control-lines", "conflict", "matrix", "atlas"] = Field(
        default="overview",
        description="Which sheet; atlas is a sheet for each conflict, as pages of one PDF.",
    )
    format: Form = Field(default="png", description="What the figure is written as.")
    lang: Lang = Field(default="zh", description="Its language.")
    paper: Literal["A4", "A3"] = Field(default="A4", description="The paper it fills.")
    orientation: Literal["landscape", "portrait"] = Field(
        default="landscape", description="Which way the paper lies."
    )
    size_mm: tuple[_Millimetres, _Millimetres] | None = Field(
        default=None, description="Width and height in place of the paper [mm]."
    )
    size_px: tuple[_Pixels, _Pixels] | None = Field(
        default=None, description="Width and height in place of the paper, in pixels at `dpi`."
    )
    dpi: float = Field(
        default=150.0, ge=30, le=1200, allow_inf_nan=False, description="Pixels of an inch."
    )
    scale: float | None = Field(
        default=None,
        ge=10,
        le=1e8,
        allow_inf_nan=False,
        description="N of 1:N; the largest round scale that shows everything when not given.",
    )
    finding: str | None = Field(
        default=None, max_length=20, description="Number of the conflict to show, such as C01."
    )
    extent: (
        Annotated[tuple[_Degrees, _Degrees, _Degrees, _Degrees], AfterValidator(_box)] | None
    ) = Field(default=None, description="West, south, east, north to show, in degrees.")
    frame: bool = Field(
        default=True, description="Whether title, legend and frame stand round the map."
    )
    check: bool = Field(default=True, description="Whether the findings of a check are on it.")
    packs: tuple[PackId, ...] = Field(
        default=(NATIONAL,),
        min_length=1,
        max_length=20,
        description="Rule packs; a later one replaces rules of an earlier one.",
    )
    on: datetime.date | None = Field(
        default=None, description="The day whose law counts; none takes every rule."
    )
    raster: str | None = Field(
        default=None, description="Id of a raster that lies under the layers; a DEM as relief."
    )
    version: VersionId | None = Field(
        default=None,
        description="An older version of the plan to draw: a folder of that name in the plan's "
        "folder 'versions'.",
    )

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.sheet == "conflict" and self.finding is None:
            raise ValueError("a conflict sheet shows one finding: name it, such as C01")
        if self.sheet in ("conflict", "atlas", "matrix") and not self.check:
            raise ValueError(f"the sheet {self.sheet} shows findings: it needs the check")
        if self.size_mm and self.size_px:
            raise ValueError("a size is in millimetres or in pixels")
        if self.frame and (self.size[0] < _FRAMED_MM[0] or self.size[1] < _FRAMED_MM[1]):
            least = f"{_FRAMED_MM[0]:g} x {_FRAMED_MM[1]:g} mm"
            raise ValueError(f"title, legend and frame need {least}: a larger size, or no frame")
        wide, high = (side / _MM_PER_INCH * self.dpi for side in self.size)
        if self.format == "png" and wide * high > MOST_PX:
            raise ValueError(f"a picture has {MOST_PX:,} pixels at most, not {wide * high:,.0f}")
        return self

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the sheet [mm]."""
        from geoplan.figure.spec import PAPERS

        if self.size_mm is not None:
            return self.size_mm
        if self.size_px is not None:
            wide, high = self.size_px
            return wide / self.dpi * _MM_PER_INCH, high / self.dpi * _MM_PER_INCH
        short, long = PAPERS[self.paper]
        return (long, short) if self.orientation == "landscape" else (short, long)


def figure(catalogue: Catalogue, inputs: FigureInputs, *, progress: Progress = QUIET) -> Document:
    """Draw a map sheet of a plan, or the atlas of its conflicts.

    Raises
    ------
    BadQuery
        An atlas is asked for as something else than PDF.
    FindingNotFound
        There is no finding of that number, or none for an atlas.
    RasterNotFound
        The plan has no raster of that id.
    VersionNotFound
        The plan keeps no such version.
    FontMissing
        There is no font to set it in.
    """
    if inputs.sheet == "atlas" and inputs.format != "pdf":
        raise BadQuery(f"an atlas is many sheets: it comes as pdf, not as {inputs.format}")
    _, sheets = sheets_of(catalogue, inputs, progress=progress)
    content = written(sheets, inputs)
    sources = tuple(catalogue.values())
    told = json.loads(inputs.model_dump_json())
    return Document("figure", MEDIA_TYPES[inputs.format], content, told, sources, run_record(()))


def sheets_of(
    catalogue: Catalogue,
    inputs: FigureInputs,
    *,
    font: Path | None = None,
    progress: Progress = QUIET,
) -> tuple[Prepared, tuple[Sheet, ...]]:
    """Return what `figure` draws, before it is written: the plan, and one sheet or an atlas."""
    from geoplan.figure import prepare, sheet

    if inputs.version is not None:
        catalogue = _version(catalogue, inputs.version)
    checking, drawing = progress.split(6, 4)
    checking("checking", 0, 1)
    ready, wanted = prepare(_content(catalogue, inputs)), _wanted(inputs, font)
    checking("checking", 1, 1)
    every = [wanted]
    if inputs.sheet == "atlas":
        every = [replace(wanted, finding=number) for number in conflict_numbers(ready)]
    if not every:
        raise FindingNotFound("the check finds no conflict: there is nothing for an atlas")
    sheets = []
    with _underlay(catalogue, inputs.raster) as underlay:
        for at, one in enumerate(every):
            drawing("drawing", at, len(every))
            sheets.append(sheet(ready, one, underlay))
    drawing("drawing", len(every), len(every))
    return ready, tuple(sheets)


def conflict_numbers(plan: Prepared) -> list[str]:
    """Return the numbers of conflicts, in the order of the sheets of an atlas."""
    return list(dict.fromkeys(one.number for one in plan.findings))


@contextmanager
def _underlay(catalogue: Catalogue, raster_id: str | None) -> Iterator[Underlay | None]:
    from geoplan.figure import Underlay

    if raster_id is None:
        yield None
        return
    with catalogue.open_raster(raster_id) as raster:
        yield Underlay(catalogue.raster(raster_id), raster)


def written(sheets: tuple[Sheet, ...], inputs: FigureInputs) -> str | bytes:
    """Return sheets as a file in the form of the inputs; several as pages of a PDF."""
    from geoplan.figure import pdf_of, to_png

    if inputs.format == "pdf":
        return pdf_of(sheets)
    (one,) = sheets
    if inputs.format == "svg":
        return one.svg
    return to_png(one, width_px=inputs.size_px[0] if inputs.size_px else None, dpi=inputs.dpi)


def show(plan: Catalogue | Path | str, sheet: str = "overview", **inputs: Any) -> Sheet:
    """Return a sheet of a plan, which a notebook or Quarto shows where a cell returns it.

    Parameters
    ----------
    plan : Catalogue or path
        A plan, or its folder.
    sheet : {"overview", "control-lines", "conflict", "matrix"}
        Which one.
    **inputs
        Of `FigureInputs`, such as ``lang="en"``, ``finding="C01"`` or ``scale=50_000``.

    Examples
    --------
    >>> made = show("examples/town", check=False, lang="en", scale=100_000)
    >>> made.scale, made.size_mm
    (100000.0, (297.0, 210.0))
    """
    catalogue = plan if isinstance(plan, Catalogue) else Catalogue.open(plan)
    asked = FigureInputs.model_validate({"sheet": sheet, **inputs})
    _, sheets = sheets_of(catalogue, asked)
    return sheets[0]


def _content(catalogue: Catalogue, inputs: FigureInputs) -> MapContent:
    if not inputs.check:
        return content_of(catalogue)
    packs = site_rules.load(catalogue, inputs.packs, inputs.on)
    rules = {rule_id: rule for pack in packs for rule_id, rule in pack.rules.items()}
    result = result_of(checked(catalogue, packs, on=inputs.on), {})
    return content_of(catalogue, result, rules)


def _version(catalogue: Catalogue, version: str) -> Catalogue:
    """Return an older version of a plan, which its title names."""
    old = Catalogue.open(version_folder(catalogue, version)).only(catalogue.seen)
    title = old.plan.title
    named = Text(zh=f"{title.zh}（{version} 版）", en=f"{title.en} (version {version})")
    plan: Plan = old.plan.model_copy(update={"title": named})
    made = Catalogue(old.directory, plan, tuple(old.values()), tuple(old.rasters.values()))
    made.seen = old.seen
    return made


def _wanted(inputs: FigureInputs, font: Path | None) -> SheetSpec:
    from geoplan.figure import SheetSpec

    return SheetSpec(
        name="conflict" if inputs.sheet == "atlas" else inputs.sheet,
        lang=inputs.lang,
        size_mm=inputs.size,
        scale=inputs.scale,
        finding=inputs.finding,
        extent=inputs.extent,
        with_frame=inputs.frame,
        font=font,
    )


PROCESS = Process(
    "figure",
    Text(zh="图件", en="Map sheet"),
    Text(
        zh="按比例尺绘制规划图（PNG、SVG 或 PDF）：总图、与“三条控制线”叠加图、单个冲突图、"
        "冲突矩阵，或全部冲突的图册（PDF）；含图例、比例尺、指北针、图廓与来源。",
        en="A map sheet to scale, as PNG, SVG or PDF: overview, overlay with the three control "
        "lines, one conflict, matrix, or an atlas of all conflicts as one PDF; with legend, scale "
        "bar, north arrow, graticule and sources.",
    ),
    FigureInputs,
    figure,
)
