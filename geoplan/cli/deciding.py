"""The commands on what is decided of findings: ``decide``, ``decisions``."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli.options import AsJson, Language, PlanDir, language, settings
from geoplan.cli.ruling import On, Packs
from geoplan.cli.running import checked_inputs
from geoplan.cli.showing import printable, show

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.catalogue import Catalogue
    from geoplan.processes.check import CheckInputs
    from geoplan.rules.check import Check

_PRINTED = [
    "state", "decision", "decided_by", "decided_on", "note", "worse_since_decision", "rule_id",
    "subject_layer", "subject_id", "object_layer", "object_id", "outcome", "margin", "finding_id",
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(decide)
    app.command()(decisions)


def decide(
    finding_id: Annotated[str, typer.Argument(help="finding_id, as `geoplan check` prints it.")],
    decision: Annotated[
        str, typer.Option(help="accepted, mitigated, exempt; or open: taken back.")
    ],
    by: Annotated[str, typer.Option(help="Role or office that decided.")],
    note: Annotated[
        str | None, typer.Option(help="Why, by which document.", show_default=False)
    ] = None,
    date: Annotated[
        str | None, typer.Option(help="Day of the decision, YYYY-MM-DD. [today]")
    ] = None,
    plan: PlanDir = None,
    pack: Packs = None,
    on: On = None,
    lang: Language = None,
) -> None:
    """处理意见 · Decide on a finding; kept in decisions.gpkg of the plan, for every later check."""
    from geoplan.i18n import phrases
    from geoplan.rules import decisions as kept
    from geoplan.store.decisions import FILE, WORDS

    if decision not in WORDS:
        raise typer.BadParameter(
            f"{decision!r}; known: {', '.join(WORDS)}", param_hint="--decision"
        )
    day, words = _day(date), phrases(language(lang))
    catalogue, found, _ = _checked(plan, pack, on)
    made = kept.decide(catalogue, found, finding_id, decision, by=by, on=day, note=note)
    told = words["decide.kept"].format(
        finding=made.finding_id, rule=made.rule_id, decision=words[f"value.{made.decision}"],
        by=made.decided_by, day=made.decided_on, path=catalogue.directory / FILE,
    )  # fmt: skip
    typer.echo(printable(told))


def decisions(
    plan: PlanDir = None,
    pack: Packs = None,
    on: On = None,
    lang: Language = None,
    as_json: AsJson = False,
    history: Annotated[
        bool, typer.Option("--history", help="Also decisions that a later one replaced.")
    ] = False,
) -> None:
    """处理意见清单 · What was decided of findings, and whether it still holds."""
    from geoplan.i18n import phrase
    from geoplan.model import Result
    from geoplan.processes.check import record_of
    from geoplan.rules.decisions import counts, listed

    _, found, asked = _checked(plan, pack, on)
    table = listed(found, history=history)
    totals = {"count": len(table), **counts(found)}
    inputs = {"packs": list(asked.packs), "on": on, "history": history}
    run = record_of(found.record)
    shown = table if as_json else table[_PRINTED]
    result = Result("decisions", shown, inputs, found.sources, run, totals=totals)
    show(result, lang, None, as_json=as_json)
    if not as_json:
        typer.echo(phrase("decisions.summary", language(lang), **totals), err=True)


def _checked(
    plan: Path | None, pack: list[str] | None, on: str | None
) -> tuple[Catalogue, Check, CheckInputs]:
    """Check a plan, as the command ``check`` does."""
    from geoplan.catalogue import Catalogue
    from geoplan.processes import PROCESSES
    from geoplan.rules.check import check

    asked: Any = checked_inputs(PROCESSES["check"], {"packs": pack or ("cn-national",), "on": on})
    catalogue = Catalogue.open(plan or settings().plan)
    return catalogue, check(catalogue, asked.packs, on=asked.on), asked


def _day(text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(tz=datetime.UTC).astimezone().date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day, YYYY-MM-DD", param_hint="--date") from None
