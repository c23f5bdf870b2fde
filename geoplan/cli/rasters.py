"""The commands on rasters: zonal figures, profiles, terrain, and COGs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir, language, settings
from geoplan.cli.routes import read_equations
from geoplan.cli.running import run
from geoplan.cli.showing import show
from geoplan.errors import BadQuery

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan.raster import Blocks, Raster
    from geoplan.raster.cog import Resampling

_RasterId = Annotated[str, typer.Option("--raster", help="Id of a raster of the plan.")]
_Dem = Annotated[
    str,
    typer.Argument(
        metavar="RASTER", help="Id of an elevation model of the plan, or a GeoTIFF: FILE.tif."
    ),
]
_Tif = Annotated[Path, typer.Option("-o", "--output", help="Write a COG: FILE.tif.")]
_Heights = Annotated[float, typer.Option(help="Elevations are multiplied by it.")]
_terrain = typer.Typer(
    help="地形派生 · Slope, aspect and hillshade of an elevation model, as COGs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_raster = typer.Typer(help="栅格文件 · Raster files.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("zonal-statistics")(zonal_statistics)
    app.command("zonal-classes")(zonal_classes)
    app.command()(profile)
    for command in (slope, aspect, hillshade):
        _terrain.command()(command)
    _raster.command()(cog)
    app.add_typer(_terrain, name="terrain")
    app.add_typer(_raster, name="raster")


def zonal_statistics(
    raster: _RasterId,
    plan: PlanDir = None,
    layer: Layers = None,
    stat: Annotated[
        list[str] | None,
        typer.Option(help="mean, min, max, stdev, sum, count, median or p95; may be given again."),
    ] = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """分区统计 · Mean, extremes and percentiles of a raster in each feature of --layer."""
    asked: dict[str, Any] = {"stats": stat} if stat else {}
    result = run("zonal-statistics", plan, layers=layer or (), raster=raster, **asked)
    show(result, lang, output, as_json=as_json)


def zonal_classes(
    raster: _RasterId,
    plan: PlanDir = None,
    layer: Layers = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """分区地类统计 · How much of each feature of --layer each class of a raster takes."""
    result = run("zonal-classes", plan, layers=layer or (), raster=raster)
    show(result, lang, output, as_json=as_json)


def profile(
    raster: _RasterId,
    layer: Annotated[str, typer.Option("--layer", help="Layer of lines.")],
    route: Annotated[str, typer.Option("--route", help="Id of the route in the layer.")],
    step_m: Annotated[
        float | None, typer.Option(help="Distance of the samples [m]; without it, the vertices.")
    ] = None,
    interpolation: Annotated[str, typer.Option(help="bilinear or nearest.")] = "bilinear",
    equations: Annotated[
        Path | None, typer.Option(help="CSV of broken chainage.", show_default=False)
    ] = None,
    parts: Annotated[str, typer.Option(help="checked, as_drawn or chained.")] = "checked",
    plan: PlanDir = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """地面纵断面 · The ground along a route: distance, chainage, elevation, grade, climb."""
    result = run(
        "profile",
        plan,
        layer=layer,
        feature=route,
        raster=raster,
        step_m=step_m,
        interpolation=interpolation,
        equations=read_equations(equations),
        parts=parts,
    )
    show(result, lang, output, as_json=as_json)


def slope(
    dem: _Dem,
    output: _Tif,
    unit: Annotated[str, typer.Option(help="degree or percent.")] = "degree",
    z_factor: _Heights = 1.0,
    plan: PlanDir = None,
    lang: Language = None,
) -> None:
    """坡度 · How steep the ground is (Horn)."""
    from geoplan import queries

    with _opened(dem, plan, output) as ground:
        found = queries.slope(ground, unit=unit, z_factor=z_factor)  # type: ignore[arg-type]
        _write(found, output, language(lang))


def aspect(dem: _Dem, output: _Tif, plan: PlanDir = None, lang: Language = None) -> None:
    """坡向 · Which way the ground falls, in degrees clockwise from grid north (Horn)."""
    from geoplan import queries

    with _opened(dem, plan, output) as ground:
        # the mean of 359° and 1° is not 180°
        _write(queries.aspect(ground), output, language(lang), "nearest")


def hillshade(
    dem: _Dem,
    output: _Tif,
    azimuth_deg: Annotated[float, typer.Option(help="Where the light comes from [°].")] = 315.0,
    altitude_deg: Annotated[float, typer.Option(help="How high it stands [°].")] = 45.0,
    z_factor: _Heights = 1.0,
    plan: PlanDir = None,
    lang: Language = None,
) -> None:
    """山体阴影 · How bright the ground is under a light (Horn)."""
    from geoplan import queries

    light = {"azimuth_deg": azimuth_deg, "altitude_deg": altitude_deg, "z_factor": z_factor}
    with _opened(dem, plan, output) as ground:
        _write(queries.hillshade(ground, **light), output, language(lang))


def cog(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A GeoTIFF.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="FILE.tif.")],
    compress: Annotated[str, typer.Option(help="deflate or zstd; both lose nothing.")] = "deflate",
    resampling: Annotated[
        str | None, typer.Option(help="Of overviews: nearest, average or mode.")
    ] = None,
    lang: Language = None,
) -> None:
    """云优化 GeoTIFF · Write a GeoTIFF anew as a COG, cell by cell the same."""
    from geoplan.raster import to_cog

    _refuse_other_than_tif(target)
    chosen = language(lang)
    to_cog(source, target, compress=compress, resampling=resampling)  # type: ignore[arg-type]
    _say_written(target, chosen)


_raster.callback()(lambda: None)  # a single command would otherwise be run without its name


def _opened(name: str, plan: Path | None, output: Path) -> Raster:
    """Open a raster of the plan by its id, or a file; ids hold neither dots nor slashes."""
    from geoplan.catalogue import Catalogue
    from geoplan.raster import Raster

    _refuse_other_than_tif(output)
    if "." in name or "/" in name:
        raster = Raster(name)
    else:
        raster = Catalogue.open(plan or settings().plan).open_raster(name)
    if output.exists() and output.samefile(raster.path):
        raster.close()
        raise BadQuery(f"{output.name} would overwrite its own source: name another file")
    return raster


def _write(found: Blocks, output: Path, lang: Lang, resampling: Resampling = "average") -> None:
    from geoplan.raster import write_cog

    write_cog(found, output, resampling=resampling)
    _say_written(output, lang)


def _refuse_other_than_tif(path: Path) -> None:
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise typer.BadParameter(f"{path.name}: a COG is a .tif file")


def _say_written(path: Path, lang: Lang) -> None:
    from geoplan.i18n import phrase
    from geoplan.raster import Raster

    with Raster(path) as written:
        size = {"width": written.grid.width, "height": written.grid.height}
    typer.echo(phrase("cli.cog_written", lang, path=path, **size), err=True)
