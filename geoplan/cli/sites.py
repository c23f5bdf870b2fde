"""The command ``site-check``: one drawn or uploaded geometry against every layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir, settings
from geoplan.cli.running import FAIL_ON_MET, refuse_unknown_condition, run
from geoplan.cli.showing import show, show_parts


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
        typer.Option(help="'hit': exit 1 when a layer is hit; 'doubt': unless all are clear."),
    ] = None,
) -> None:
    """选址核查 · What a place overlaps, touches or comes near, layer by layer."""
    refuse_unknown_condition(fail_on, "hit", "doubt")
    geometry, crs = _site(file, plan, source_crs)
    result = run(
        "site-check",
        plan,
        geometry=geometry,
        crs=crs,
        accuracy_m=accuracy_m,
        layers=layer or (),
        rasters=raster or (),
        within_m=within_m,
    )
    if not as_json:
        show_parts(result, lang)
    show(result, lang, output, as_json=as_json)
    total = result.totals
    doubt = fail_on == "doubt" and (total["uncertain_layers"] or total["not_checked_layers"])
    if fail_on and (total["hit_layers"] or doubt):
        raise typer.Exit(FAIL_ON_MET)


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
