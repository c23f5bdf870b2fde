"""The process ``check``: a plan against packs of planning rules."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.model import ReportRecord, Result, Text
from geoplan.processes.process import Inputs, Process
from geoplan.queries.mapping import Map
from geoplan.rules.check import Check
from geoplan.rules.check import check as checked
from geoplan.rules.decisions import counts as counts_of_decisions
from geoplan.rules.pack import NATIONAL
from geoplan.rules.record import Record
from geoplan.tables import Letter, refuse_without_land_use, tables

PackId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]


class CheckInputs(Inputs):
    """Inputs of the process ``check``."""

    packs: tuple[PackId, ...] = Field(
        default=(NATIONAL,),
        min_length=1,
        max_length=20,
        description="Rule packs; a later one replaces rules of an earlier one.",
    )
    on: datetime.date | None = Field(
        default=None, description="The day whose law counts; none takes every rule."
    )
    tables: tuple[Letter, ...] = Field(
        default=(),
        max_length=4,
        description="Tables of planning reports: A what projects are to what is protected, B land "
        "use, C crossings, F the matrix of conflicts.",
    )
    land_use: str | None = Field(
        default=None, max_length=100, description="A layer of kind land_use, for table B."
    )


def check(
    catalogue: Catalogue,
    inputs: CheckInputs,
    map: Map | None = None,  # noqa: A002 - it is one
) -> Result:
    """Check a plan by packs of rules; see `geoplan.rules.check`."""
    refuse_without_land_use(catalogue, inputs.tables, inputs.land_use)
    found = checked(catalogue, inputs.packs, on=inputs.on, map=map)
    made = tables(found, catalogue, inputs.tables, land_use_layer=inputs.land_use)
    return replace(result_of(found, json.loads(inputs.model_dump_json())), tables=made)


def result_of(found: Check, inputs: dict[str, object]) -> Result:
    """Return a check as the answer of a process, the tally of each rule among its parts."""
    counts = found.tally
    totals = totals_of(found) | counts_of_decisions(found)
    parts = tuple(
        {str(name): value for name, value in row.items()}
        for row in counts.to_dict(orient="records")
    )
    run = record_of(found.record)
    return Result("check", found.findings, inputs, found.sources, run, (), totals, parts)


def totals_of(found: Check) -> dict[str, int]:
    """Return how many findings there are, what came of all pairs asked, and of prohibitions."""
    counts = found.tally
    outcome, severity = found.findings["outcome"], found.findings["severity"]
    return {
        "count": len(found.findings),
        **{name: int(counts[name].sum()) for name in counts.columns if name.endswith("_count")},
        "prohibited_hit_count": int(((outcome == "hit") & (severity == "prohibited")).sum()),
        "prohibited_doubt_count": int(((outcome != "hit") & (severity == "prohibited")).sum()),
    }


def record_of(record: Record) -> ReportRecord:
    """Return how a check came about, as it is printed."""
    return ReportRecord(
        software=record.software,
        time=record.time,
        measuring_planes=record.planes,
        code=record.code,
        expires=record.expires.date().isoformat(),
        law_of=None if record.on is None else record.on.isoformat(),
        packs=record.packs,
        layers=record.layers,
        rules_not_in_force=record.left,
        rules_without_subject=record.unbound,
        decisions=record.decisions,
    )


PROCESS = Process(
    "check",
    Text(zh="合规核查", en="Check"),
    Text(
        zh="按规则包逐条核查各图层：命中、存疑、未命中、未核查，附量算值、阈值、精度、条款、依据可信度与桩号；"
        "缺图层、缺字段、无位置均列为未核查。",
        en="The plan against packs of planning rules: hit, uncertain, clear or not checked, with "
        "measured value, threshold, accuracy, article, confidence and chainage; what is missing "
        "is not checked, never clear.",
    ),
    CheckInputs,
    check,
)
