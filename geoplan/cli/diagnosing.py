"""The command ``doctor``: whether machine and plan have what is needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.options import AsJson, Language, PlanDir, language, settings
from geoplan.cli.showing import printable

if TYPE_CHECKING:
    from geoplan.doctor import Check

OF_PLAN, OF_MACHINE = 3, 4


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


def doctor(
    plan: PlanDir = None,
    edit: Annotated[
        bool, typer.Option("--edit", help="As needed for edits: what hinders them is a fault.")
    ] = False,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """自检 · Check this machine and a plan, a line each; exit 3: the plan, 4: the machine."""
    from geoplan.doctor import examine
    from geoplan.i18n import phrase

    configured, chosen = settings(), language(lang)
    given = {"plan": plan or configured.plan, "editing": edit or configured.editing}
    found = []
    for check in examine(configured.model_copy(update=given)):
        found.append(check)
        if not as_json:
            title = phrase(f"doctor.title_{check.level}", chosen)
            told = phrase(f"doctor.{check.key}", chosen, **check.values)
            typer.echo(f"{title}  {printable(told)}")
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
    levels = [one.level for one in found]
    counts = {name: levels.count(name) for name in ("ok", "warn", "fail")}
    typer.echo(phrase("doctor.summary", chosen, **counts), err=True)
    if counts["fail"]:
        raise typer.Exit(_code(found))


def _code(found: list[Check]) -> int:
    at_fault = [one.of_plan for one in found if one.level == "fail"]
    return OF_PLAN if all(at_fault) else OF_MACHINE
