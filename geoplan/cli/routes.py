"""The commands of linear referencing: ``chainage``, ``locate``, ``station``, ``along``."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir
from geoplan.cli.running import run
from geoplan.cli.showing import show
from geoplan.errors import FileUnreadable

_Equations = Annotated[
    Path | None,
    typer.Option(
        help="CSV of broken chainage with route_id, back_chainage, ahead_chainage: it stands "
        "above the plan's table, route by route.",
        show_default=False,
    ),
]
_Layer = Annotated[str, typer.Option("--layer", help="Layer of lines.")]
_Route = Annotated[str, typer.Option("--route", help="Id of the route in the layer.")]
_Parts = Annotated[
    str,
    typer.Option(help="Parts that seem out of order: checked (refused), as_drawn or chained."),
]
_COLUMNS = ("route_id", "back_chainage", "ahead_chainage")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (chainage, locate, station, along):
        app.command()(command)


def chainage(
    plan: PlanDir = None,
    layer: Layers = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Layer of zones; may be given again.")
    ] = None,
    within_m: Annotated[float, typer.Option(help="Also find zones so near [m].")] = 0.0,
    equations: _Equations = None,
    parts: _Parts = "checked",
    three_d: Annotated[bool, typer.Option("--3d", help="Measure in space, by heights.")] = False,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """桩号分析 · Where routes of --layer enter, leave or pass zones of --by, by chainage."""
    result = run(
        "chainage",
        plan,
        layers=layer or (),
        by=by or (),
        within_m=within_m,
        equations=read_equations(equations),
        parts=parts,
        three_d=three_d,
    )
    show(result, lang, output, as_json=as_json)


def locate(
    chainages: Annotated[list[str], typer.Argument(help="Chainages such as K12+345.678.")],
    layer: _Layer,
    route: _Route,
    plan: PlanDir = None,
    equations: _Equations = None,
    parts: _Parts = "checked",
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """桩号定位 · Where chainages of a route are."""
    asked: dict[str, Any] = {"layer": layer, "feature": route}
    asked |= {"equations": read_equations(equations), "parts": parts}
    show(run("locate", plan, chainages=chainages, **asked), lang, output, as_json=as_json)


def station(
    points: Annotated[list[str], typer.Argument(help="Places as LON,LAT.")],
    layer: _Layer,
    route: _Route,
    plan: PlanDir = None,
    equations: _Equations = None,
    parts: _Parts = "checked",
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """查询桩号 · Which chainage of a route places have, and how far beside it they are."""
    asked: dict[str, Any] = {"layer": layer, "feature": route}
    asked |= {"equations": read_equations(equations), "parts": parts}
    show(run("station", plan, points=_places(points), **asked), lang, output, as_json=as_json)


def along(
    points: Annotated[list[str], typer.Argument(help="Places as LON,LAT.")],
    layer: _Layer,
    upstream_m: Annotated[float, typer.Option(help="Against the flow [m].")] = 0.0,
    downstream_m: Annotated[float, typer.Option(help="With the flow [m].")] = 0.0,
    parts: _Parts = "checked",
    plan: PlanDir = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """沿河距离 · The stretch of a river from above to below a place, along its centreline."""
    distances: dict[str, Any] = {"upstream_m": upstream_m, "downstream_m": downstream_m}
    distances["parts"] = parts
    result = run("along", plan, layer=layer, points=_places(points), **distances)
    show(result, lang, output, as_json=as_json)


def _places(texts: list[str]) -> list[tuple[float, float]]:
    places = []
    for text in texts:
        lon, comma, lat = text.partition(",")
        try:
            places.append((float(lon), float(lat)))
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not LON,LAT", param_hint="POINTS") from None
        if not comma:
            raise typer.BadParameter(f"{text!r} is not LON,LAT", param_hint="POINTS")
    return places


def read_equations(equations: Path | None) -> list[dict[str, Any]]:
    """Return the rows of a table of chainage equations."""
    if equations is None:
        return []
    try:
        with equations.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{equations} cannot be read as a UTF-8 CSV: {error}") from error
    lacking = [name for name in _COLUMNS if rows and name not in rows[0]]
    if lacking:
        raise typer.BadParameter(
            f"{equations} has no column {lacking[0]}", param_hint="--equations"
        )
    return [
        {name: row[name] for name in (*_COLUMNS, "segment_name") if row.get(name)} for row in rows
    ]
