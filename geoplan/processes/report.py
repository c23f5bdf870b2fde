"""The process ``report``: a check of the plan, or of a site, as a document for reviewers."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.model import Document, Lang, Result, Text
from geoplan.processes import site_rules
from geoplan.processes.check import PackId, result_of
from geoplan.processes.process import Inputs, Process
from geoplan.processes.sheet_content import content_of
from geoplan.processes.site import Geometry, SiteInputs, site_of
from geoplan.progress import QUIET, Progress
from geoplan.rules.check import Check
from geoplan.rules.check import check as checked
from geoplan.rules.pack import NATIONAL
from geoplan.tables import refuse_without_land_use, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from geoplan.report import Draw
    from geoplan.rules import Rule
    from geoplan.rules.check import Candidate
    from geoplan.rules.pack import RulePack

Form = Literal["docx", "pdf", "xlsx"]
MEDIA_TYPES: dict[Form, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

WIDEST_PX = 1000
"""Width of a map in a DOCX: sharp enough in print, and small."""


class ReportInputs(Inputs):
    """Inputs of the process ``report``."""

    format: Form = Field(default="docx", description="What the report is written as.")
    lang: Literal["zh", "en", "both"] = Field(
        default="zh", description="Its language, or both, one after the other."
    )
    packs: tuple[PackId, ...] = Field(
        default=(NATIONAL,),
        min_length=1,
        max_length=20,
        description="Rule packs; a later one replaces rules of an earlier one.",
    )
    on: datetime.date | None = Field(
        default=None, description="The day whose law counts; none takes every rule."
    )
    land_use: str | None = Field(
        default=None, max_length=100, description="A layer of kind land_use, for table B."
    )
    maps: int = Field(
        default=20, ge=0, le=200, description="How many findings are told one by one, with a map."
    )
    rows: int = Field(
        default=200, ge=1, le=10_000, description="Rows of a table; what is beyond is counted."
    )
    geometry: Geometry | None = Field(
        default=None, description="A site that the report is on, instead of the plan: GeoJSON."
    )
    crs: str = Field(
        default="EPSG:4490",
        max_length=200,
        description="What its coordinates are in, x or longitude first.",
    )
    accuracy_m: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="How far the site may be off [m]."
    )
    kind: str | None = Field(
        default=None, max_length=100, description="What the site would be, such as industrial_park."
    )
    attributes: dict[str, bool | int | float | str] = Field(
        default_factory=dict,
        max_length=100,
        description="What is known of the site, by the names of the fields of its kind.",
    )

    @property
    def languages(self) -> tuple[Lang, ...]:
        """The languages of the report, in order."""
        return get_args(Lang) if self.lang == "both" else (self.lang,)


def report(catalogue: Catalogue, inputs: ReportInputs, *, progress: Progress = QUIET) -> Document:
    """Check a plan or a site by packs of rules, and write the report of it."""
    return written(catalogue, inputs, progress=progress)


def written(
    catalogue: Catalogue,
    inputs: ReportInputs,
    *,
    template: Path | None = None,
    progress: Progress = QUIET,
) -> Document:
    """Write the report of `report`, into a bureau's own DOCX where one is given.

    Raises
    ------
    BadQuery
        A template is given for something else than DOCX.
    TemplateInvalid
        The template lacks a style or a placeholder.
    FontMissing
        A PDF, or a map, has no font to be set in.
    """
    from geoplan.report import Limits, ReportContent, docx, manuscript, pdf
    from geoplan.workbook import workbook

    if template is not None and inputs.format != "docx":
        raise BadQuery(f"a template is for DOCX, not for {inputs.format}")
    checking, drawing, writing = progress.split(5, 4, 1)
    checking("checking", 0, 1)
    packs = site_rules.load(catalogue, inputs.packs, inputs.on)
    candidate = _candidate(catalogue, inputs)
    result, found = _checked(catalogue, inputs, packs, candidate)
    checking("checking", 1, 1)
    if inputs.format == "xlsx":
        content = workbook(result, *inputs.languages)
    else:
        rules = {rule_id: rule for pack in packs for rule_id, rule in pack.rules.items()}
        limits = Limits(maps=inputs.maps, rows=inputs.rows)
        draw = drawn(catalogue, result, rules, candidate)
        told = ReportContent(catalogue.plan, result, rules, found.features, draw, limits)
        made = manuscript(told, inputs.languages, drawing)
        writing("writing", 0, 1)
        content = pdf(made) if inputs.format == "pdf" else docx(made, template)
    writing("writing", 1, 1)
    media_type = MEDIA_TYPES[inputs.format]
    return Document("report", media_type, content, result.inputs, result.sources, result.run)


def _candidate(catalogue: Catalogue, inputs: ReportInputs) -> Candidate | None:
    """Return the site of the inputs as a layer of its kind, where there is one."""
    if inputs.geometry is None:
        return None
    site = site_of(
        SiteInputs(geometry=inputs.geometry, crs=inputs.crs, accuracy_m=inputs.accuracy_m)
    )
    there = (catalogue.read(layer.id).crs for layer in catalogue.values() if layer.role == "plan")
    crs = next(there, site.crs)
    return site_rules.candidate_of(catalogue, site, inputs.kind, inputs.attributes, crs)


def _checked(
    catalogue: Catalogue,
    inputs: ReportInputs,
    packs: list[RulePack],
    candidate: Candidate | None,
) -> tuple[Result, Check]:
    letters: tuple[Any, ...] = ("A", "C", "F") if inputs.land_use is None else ("A", "B", "C", "F")
    refuse_without_land_use(catalogue, letters, inputs.land_use)
    found = checked(catalogue, packs, candidate=candidate, on=inputs.on)
    made = tables(found, catalogue, letters, land_use_layer=inputs.land_use)
    return replace(result_of(found, json.loads(inputs.model_dump_json())), tables=made), found


def drawn(
    catalogue: Catalogue, result: Result, rules: Mapping[str, Rule], candidate: Candidate | None
) -> Draw:
    """Return what draws the maps of a report: the same content as the planner's page."""
    from geoplan.figure import SheetSpec, prepare, sheet, to_png
    from geoplan.report import Drawing

    ready = prepare(content_of(catalogue, result, rules, candidate=candidate))

    def draw(number: str | None, lang: Lang, size_mm: tuple[float, float]) -> Drawing | None:
        wanted = SheetSpec(lang=lang, size_mm=size_mm)
        if number is not None:
            wanted = SheetSpec("conflict", lang, size_mm, finding=number, with_frame=False)
        made = sheet(ready, wanted)
        return Drawing(made.svg, *size_mm, to_png(made, width_px=WIDEST_PX))

    return draw


PROCESS = Process(
    "report",
    Text(zh="核查报告", en="Report"),
    Text(
        zh="把合规核查写成送审报告（DOCX 或 PDF，中文、英文或双语）：结论、依据、表 A、B、C、F、"
        "逐项附图、未核查事项与运行记录；也可只出表格工作簿（XLSX）。",
        en="A check by rules as a report for reviewers, DOCX or PDF, in Chinese, English or both: "
        "conclusion, basis, tables A, B, C and F, findings with their maps, what was not checked, "
        "run record; or the tables alone as a workbook.",
    ),
    ReportInputs,
    report,
)
