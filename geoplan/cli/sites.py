"""The command ``site-check``: one drawn or uploaded geometry against every layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir, language, settings
from geoplan.cli.ruling import On
from geoplan.cli.running import FAIL_ON_MET, refuse_unknown_condition, run
from geoplan.cli.showing import show, show_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Lang, Result


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("site-check")(site_check)


def site_check(
    file: Annotated[
        str, typer.Argument(help="A file of one feature in any format that import reads, or WKT.")
    ],
    plan: PlanDir = None,
    layer: Layers = None,
    raster: Annotated[
        list[str] | None,
        typer.Option(help="Raster to ask; may be given again. [all, without --layer]"),
    ] = None,
    pack: Annotated[
        list[str] | None,
        typer.Option("--pack", help="Check also by this rule pack; may be given again."),
    ] = None,
    on: On = None,
    kind: Annotated[
        str | None, typer.Option(help="What the site would be, such as industrial_park.")
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="What is known of it, FIELD=VALUE; may be given again."),
    ] = None,
    within_m: Annotated[float, typer.Option(help="How near to look [m].")] = 500.0,
    source_crs: Annotated[
        str | None, typer.Option(help="What the coordinates are in, when the file does not say.")
    ] = None,
    accuracy_m: Annotated[float, typer.Option(help="How far the site may be off [m].")] = 0.0,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="'hit': exit 1 when a layer is hit; 'doubt': unless all are clear; "
            "'prohibited': when a prohibition is hit for certain."
        ),
    ] = None,
) -> None:
    """选址核查 · What a place overlaps, touches or comes near, layer by layer."""
    refuse_unknown_condition(fail_on, "hit", "doubt", "prohibited")
    geometry, crs = _site(file, plan, source_crs)
    result = run(
        "site-check",
        plan,
        geometry=geometry,
        crs=crs,
        accuracy_m=accuracy_m,
        layers=layer or (),
        rasters=raster or (),
        packs=pack or (),
        on=on,
        kind=kind,
        attributes=dict(map(_field, attribute or ())),
        within_m=within_m,
    )
    if not as_json:
        show_parts(result, lang)
        if "rules_asked_count" in result.totals:
            _sum_up(result, language(lang))
    show(result, lang, output, as_json=as_json)
    if fail_on and _met(result.totals, fail_on):
        raise typer.Exit(FAIL_ON_MET)


def _met(total: Mapping[str, float], condition: str) -> bool:
    """Tell whether a condition holds of the totals of an answer."""
    if condition == "prohibited":
        return total.get("rules_prohibited_hit_count", 0) > 0
    doubt = total["uncertain_layers"] or total["not_checked_layers"]
    return bool(total["hit_layers"] or (condition == "doubt" and doubt))


def _sum_up(result: Result, lang: Lang) -> None:
    """Say how many pairs the rules were asked of, what came of them, and the report's code."""
    from geoplan.i18n import phrase

    run_of = result.run
    code, expires = getattr(run_of, "code", ""), getattr(run_of, "expires", "")
    counts = {name: int(value) for name, value in result.totals.items()}
    typer.echo(phrase("site.rules", lang, **counts), err=True)
    typer.echo(phrase("check.report", lang, code=code, expires=expires), err=True)


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{text!r} is no FIELD=VALUE", param_hint="--attribute")
    return name, value


def _site(text: str, plan: Path | None, source_crs: str | None) -> tuple[dict[str, Any], str]:
    """Return the site as GeoJSON and its CRS: of a file, read as an import would, or of WKT."""
    import shapely

    from geoplan.ingest.candidate import read_candidate

    if not Path(text).exists() and "(" in text:
        try:
            shape = shapely.from_wkt(text)
        except shapely.errors.ShapelyError as error:
            raise typer.BadParameter(f"no file, and no WKT: {error}", param_hint="FILE") from None
        crs = source_crs or "EPSG:4490"
    else:
        shape, crs = read_candidate(Path(text), plan or settings().plan, source_crs)
    return json.loads(shapely.to_geojson(shape)), crs
