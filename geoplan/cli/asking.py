"""The commands that ask layers of each other: ``overlap``, ``coverage``."""

from __future__ import annotations

from typing import Annotated

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir
from geoplan.cli.running import FAIL_ON_MET, refuse_unknown_condition, run, unmeasured
from geoplan.cli.showing import show

WHOLE = 1e-9
"""What a zone may lack of full coverage and still count as covered whole [share]."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(overlap)
    app.command()(coverage)


def overlap(
    plan: PlanDir = None,
    layer: Layers = None,
    min_area_m2: Annotated[float, typer.Option(help="Drop smaller shared areas [m²].")] = 0.0,
    min_length_m: Annotated[float, typer.Option(help="Drop shorter shared lengths [m].")] = 0.0,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="'overlap': exit 1 when anything overlaps, may overlap within its accuracy, or "
            "could not be measured; 'overlap-found': only when something is drawn to overlap."
        ),
    ] = None,
) -> None:
    """叠加分析 · Where layers coincide: --layer A --layer B, one against all, or all pairs."""
    refuse_unknown_condition(fail_on, "overlap", "overlap-found")
    result = run(
        "overlap",
        plan,
        layers=layer or (),
        min_area_m2=min_area_m2,
        min_length_m=min_length_m,
    )
    show(result, lang, output, as_json=as_json)
    drawn = result.features[["area_m2", "length_m", "point_count"]].gt(0).any(axis=1).any()
    doubtful = fail_on == "overlap" and len(result.features) > 0
    if fail_on and (drawn or doubtful or unmeasured(result, fail_on, "overlap")):
        raise typer.Exit(FAIL_ON_MET)


def coverage(
    plan: PlanDir = None,
    layer: Layers = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Covering layer; may be given again.")
    ] = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="'gap': exit 1 when a zone is not covered whole or could not be measured; "
            "'gap-found': only when one is known not to be."
        ),
    ] = None,
) -> None:
    """覆盖率 · How much of each feature of --layer the union of the --by layers covers."""
    refuse_unknown_condition(fail_on, "gap", "gap-found")
    result = run("coverage", plan, layers=layer or (), by=by or ())
    show(result, lang, output, as_json=as_json)
    # rounding leaves gaps of a millionth of a square metre where two covers meet on a slant
    gaps = (result.features["coverage_ratio"] < 1.0 - WHOLE).any()
    if fail_on and (gaps or unmeasured(result, fail_on, "gap")):
        raise typer.Exit(FAIL_ON_MET)
