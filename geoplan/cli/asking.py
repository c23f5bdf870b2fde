"""The commands that ask layers of each other: overlap, coverage and the matrix of all pairs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir, language
from geoplan.cli.progress import showing
from geoplan.cli.running import FAIL_ON_MET, refuse_unknown_condition, run, unmeasured
from geoplan.cli.showing import show
from geoplan.cli.workforce import Scheduler, Workers, answering

WHOLE = 1e-9
"""What a zone may lack of full coverage and still count as covered whole [share]."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(overlap)
    app.command()(coverage)
    app.command("overlap-matrix")(overlap_matrix)
    app.command()(clearance)
    app.command()(nearest)


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
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """叠加分析 · Where layers coincide: --layer A --layer B, one against all, or all pairs."""
    refuse_unknown_condition(fail_on, "overlap", "overlap-found")
    asked = {"layers": layer or (), "min_area_m2": min_area_m2, "min_length_m": min_length_m}
    with showing(language(lang)) as progress, answering(scheduler, workers) as ask:
        result = run("overlap", plan, progress, ask, **asked)
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
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """覆盖率 · How much of each feature of --layer the union of the --by layers covers."""
    refuse_unknown_condition(fail_on, "gap", "gap-found")
    with showing(language(lang)) as progress, answering(scheduler, workers) as ask:
        result = run("coverage", plan, progress, ask, layers=layer or (), by=by or ())
    show(result, lang, output, as_json=as_json)
    # rounding leaves gaps of a millionth of a square metre where two covers meet on a slant
    gaps = (result.features["coverage_ratio"] < 1.0 - WHOLE).any()
    if fail_on and (gaps or unmeasured(result, fail_on, "gap")):
        raise typer.Exit(FAIL_ON_MET)


def overlap_matrix(
    plan: PlanDir = None,
    layer: Layers = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """叠加矩阵 · What each pair of layers shares, in sum and with ground counted once."""
    show(run("overlap-matrix", plan, layers=layer or ()), lang, output, as_json=as_json)


def clearance(
    plan: PlanDir = None,
    layer: Layers = None,
    within_m: Annotated[float, typer.Option(help="How far to look [m].")] = 500.0,
    threshold_m: Annotated[
        float | None, typer.Option(help="A distance to be kept [m]; tells hit from uncertain.")
    ] = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None, typer.Option(help="'hit': exit 1 when a pair is nearer than --threshold-m.")
    ] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """净距分析 · How far layers are apart: --layer A --layer B, one against all, or all pairs."""
    refuse_unknown_condition(fail_on, "hit")
    if fail_on and threshold_m is None:
        raise typer.BadParameter("it needs --threshold-m", param_hint="--fail-on")
    asked: dict[str, Any] = {
        "layers": layer or (), "within_m": within_m, "threshold_m": threshold_m,
    }  # fmt: skip
    with answering(scheduler, workers) as ask:
        result = run("clearance", plan, None, ask, **asked)
    show(result, lang, output, as_json=as_json)
    if fail_on and result.totals["hit_count"]:
        raise typer.Exit(FAIL_ON_MET)


def nearest(
    plan: PlanDir = None,
    layer: Layers = None,
    count: Annotated[int, typer.Option(help="How many for each feature.")] = 1,
    within_m: Annotated[float | None, typer.Option(help="How far to look [m].")] = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """最近要素 · For each feature of the first --layer the nearest of the second."""
    limit: dict[str, Any] = {} if within_m is None else {"within_m": within_m}
    result = run("nearest", plan, None, layers=layer or (), count=count, **limit)
    show(result, lang, output, as_json=as_json)
