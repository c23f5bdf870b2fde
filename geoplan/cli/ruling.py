"""The commands on planning rules: ``check``, ``rules``, ``legal-zones``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir, language, settings
from geoplan.cli.running import FAIL_ON_MET, refuse_unknown_condition, run
from geoplan.cli.showing import printable, show, show_tables
from geoplan.cli.workforce import Scheduler, Workers, answering

if TYPE_CHECKING:
    from geoplan.model import Lang, Result
    from geoplan.rules import Rule, RulePack

Packs = Annotated[
    list[str] | None,
    typer.Option("--pack", help="Rule pack; may be given again. [cn-national]", show_default=False),
]
On = Annotated[
    str | None,
    typer.Option("--on", help="Day whose law counts, YYYY-MM-DD; none takes every rule."),
]
OutputOrBook = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="Write to FILE.gpkg, FILE.geojson or FILE.csv; to FILE.xlsx the tables of reports.",
    ),
]
Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        help="Table of planning reports instead of the findings: A, B, C or F; may be given again.",
        show_default=False,
    ),
]
LandUse = Annotated[
    str | None, typer.Option(help="Layer of kind land_use, for table B.", show_default=False)
]

_PRINTED = [
    "outcome", "severity", "rule_id", "title", "title_en", "subject_layer", "subject_id",
    "subject_name", "subject_name_en", "object_layer", "object_id", "object_name",
    "object_name_en", "measured", "threshold", "pm", "unit", "chainage_from", "chainage_to",
    "law", "law_en", "article", "confidence", "reason", "field", "duty_party",
    "decision", "decision_by", "decision_on", "decision_note", "worse_since_decision",
    "finding_id",
]  # fmt: skip
_ZONES_PRINTED = [
    "rule_id", "title", "title_en", "source_layer", "source_id", "from_m", "distance_m", "line",
    "line_basis", "half_width_m", "geometry_accuracy_m", "article", "confidence", "reason",
    "field",
]  # fmt: skip
_CODED = ("severity", "reason", "confidence", "duty_party")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(check)
    app.command()(rules)
    app.command("legal-zones")(legal_zones)


def check(
    plan: PlanDir = None,
    pack: Packs = None,
    on: On = None,
    output: OutputOrBook = None,
    lang: Language = None,
    as_json: AsJson = False,
    every: Annotated[
        bool, typer.Option("--all", help="Print also what was not checked, one by one.")
    ] = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="'prohibited': exit 1 when a prohibition is hit for certain; 'doubt': also when "
            "one may be, or could not be checked."
        ),
    ] = None,
    table: Tables = None,
    land_use: LandUse = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """合规核查 · The plan against planning rules: what is hit, by how much, by which article."""
    refuse_unknown_condition(fail_on, "prohibited", "doubt")
    letters = table or _of_workbook(output, land_use)
    asked = {"packs": pack or ("cn-national",), "on": on, "tables": letters, "land_use": land_use}
    with answering(scheduler, workers) as ask:
        result = run("check", plan, None, ask, **asked)
    if as_json or output is not None:
        _write(result, lang, output, as_json=as_json, tables=bool(table))
    if table and not as_json:
        show_tables(result, lang)
    elif not as_json:
        found = result.features
        shown = found if every else found[found["outcome"] != "not_checked"]
        _show(result, shown[_PRINTED], lang)
        _sum_up(result, language(lang))
    doubt = fail_on == "doubt" and result.totals["prohibited_doubt_count"] > 0
    if fail_on and (result.totals["prohibited_hit_count"] > 0 or doubt):
        raise typer.Exit(FAIL_ON_MET)


def _of_workbook(output: Path | None, land_use: str | None) -> tuple[str, ...]:
    """Return the tables that a workbook holds where none is named."""
    if output is None or output.suffix.lower() != ".xlsx":
        return ()
    return ("A", "C", "F") if land_use is None else ("A", "B", "C", "F")


def legal_zones(
    plan: PlanDir = None,
    layer: Layers = None,
    pack: Packs = None,
    on: On = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """法定控制区 · The zones that rules lay round features, from the line the law measures from."""
    packs = pack or ("cn-national",)
    result = run("legal-zones", plan, layers=layer or (), packs=packs, on=on)
    if as_json or output is not None:
        _write(result, lang, output, as_json=as_json)
    if not as_json:
        _show(result, result.features[_ZONES_PRINTED], lang)


def rules(
    rule_id: Annotated[str | None, typer.Argument(help="Id of a rule, or a text in it.")] = None,
    plan: PlanDir = None,
    pack: Packs = None,
    on: On = None,
    lang: Language = None,
) -> None:
    """规则 · The rules of a pack: all, those that hold a text, or one with its basis."""
    import datetime

    from geoplan.rules import load_pack
    from geoplan.rules.browse import holds

    try:
        day = None if on is None else datetime.date.fromisoformat(on)
    except ValueError:
        raise typer.BadParameter(f"{on!r} is no day, YYYY-MM-DD", param_hint="--on") from None
    folder = (plan or settings().plan) / "rules"
    packs = [load_pack(name, on=day, folder=folder) for name in pack or ("cn-national",)]
    found = {key: (rule, one) for one in packs for key, rule in one.rules.items()}
    chosen = language(lang)
    if rule_id in found:
        typer.echo(_told(*found[rule_id], chosen))
        return
    wanted = [one for one, _ in found.values() if holds(one, rule_id or "")]
    if not wanted:
        raise typer.BadParameter(f"no rule is, or holds, {rule_id!r}", param_hint="ID")
    for rule in wanted:
        typer.echo(printable(_line(rule, chosen)))


def _line(rule: Rule, lang: Lang) -> str:
    from geoplan.i18n import phrases

    words = phrases(lang)
    severity = words[f"severity.{rule.severity}"]
    law = "–" if rule.basis is None else f"{rule.basis.law.to(lang)} {rule.basis.article}"
    return f"{rule.id:8} {severity}  {rule.title.to(lang)}  {law}"


def _told(rule: Rule, pack: RulePack, lang: Lang) -> str:
    """Return all there is to say of a rule, its basis and how far that was read."""
    from geoplan.i18n import phrases
    from geoplan.rules import wording

    words = phrases(lang)
    sides = ((rule.subject, rule.where.subject), (rule.object, rule.where.object))
    where = [
        f"{kind}: {'; '.join(wording.conditions_in_words(wanted, kind, lang))}"
        for kind, wanted in sides
        if wanted
    ]
    written = "" if pack.origins[rule.id] == (pack.id,) else " > ".join(pack.origins[rule.id])
    rows: list[tuple[str, Any]] = [
        ("rule_id", rule.id),
        ("pack", f"{pack.id} {pack.version}" + (f" ({written})" if written else "")),
        ("title", rule.title.to(lang)),
        ("message", rule.meaning.to(lang)),
        ("severity", words[f"severity.{rule.severity}"]),
        ("subject_kind", rule.subject),
        ("object_kind", rule.object),
        ("demand", wording.demand_in_words(rule.demand, lang)),
        ("where", "; ".join(where)),
        ("activity", rule.activity and rule.activity.to(lang)),
        ("duty", rule.duty and rule.duty.to(lang)),
    ]
    basis = rule.basis
    if basis is not None:
        rows += [
            ("law", basis.law.to(lang)),
            ("article", basis.article),
            ("in_force", wording.date_in_words(basis.in_force, lang)),
            ("repealed", wording.date_in_words(basis.repealed, lang)),
            ("confidence", words[f"confidence.{basis.confidence}"]),
            ("source", basis.source_url),
            ("note", basis.note and basis.note.to(lang)),
        ]
    return "\n".join(
        printable(f"{words[f'column.{name}']}: {value}") for name, value in rows if value
    )


def _write(
    result: Result, lang: str | None, output: Path | None, *, as_json: bool, tables: bool = False
) -> None:
    from geoplan.export import write_result, write_table
    from geoplan.i18n import phrase

    if output is not None and tables and output.suffix.lower() == ".csv":
        named = [one for one in result.tables if len(one.id) == 1]
        if len(named) > 1:
            raise typer.BadParameter("a CSV holds one table: name one, or write .xlsx")
        write_table(named[0], result, output, language(lang))
        typer.echo(phrase("cli.table_written", language(lang), path=output), err=True)
    elif output is not None:
        write_result(result, output, language(lang))
        told = phrase("cli.written", language(lang), path=output, count=len(result.features))
        typer.echo(told, err=True)
    if as_json:
        show(result, lang, None, as_json=True)


def _show(result: Result, table: Any, lang: str | None) -> None:
    """Print a part of the columns, codes in words."""
    import pandas as pd

    from geoplan.i18n import phrases

    words = phrases(language(lang))
    table = pd.DataFrame(table)
    for name in _CODED:
        if name in table:
            table[name] = [
                words.get(f"{name}.{value}", value) if value else None for value in table[name]
            ]
    show(replace(result, features=table), lang, None, as_json=False)


def _sum_up(result: Result, lang: Lang) -> None:
    """Say how many pairs came to what, why some were not checked, and what the report is called."""
    from geoplan.i18n import phrase, phrases

    counts = {name: int(value) for name, value in result.totals.items()}
    typer.echo(phrase("check.summary", lang, **counts), err=True)
    words = phrases(lang)
    reasons = result.features.query("outcome == 'not_checked'")["reason"].value_counts()
    for reason, count in sorted(reasons.items()):
        typer.echo(f"  {words[f'reason.{reason}']}: {count}", err=True)
    if counts["decided_count"] or counts["orphaned_decision_count"]:
        typer.echo(phrase("check.decided", lang, **counts), err=True)
    run_of = result.run
    code, expires = getattr(run_of, "code", ""), getattr(run_of, "expires", "")
    typer.echo(phrase("check.report", lang, code=code, expires=expires), err=True)
