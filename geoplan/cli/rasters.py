"""The commands on rasters: zonal figures, profiles, terrain, and COGs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir, language, settings
from geoplan.cli.routes import read_equations
from geoplan.cli.running import checked_inputs, run
from geoplan.cli.showing import show
from geoplan.errors import BadQuery

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan.processes import RasterResult

_RasterId = Annotated[str, typer.Option("--raster", help="Id of a raster of the plan.")]
_Dem = Annotated[
    str,
    typer.Argument(
        metavar="RASTER", help="Id of an elevation model of the plan, or a GeoTIFF: FILE.tif."
    ),
]
_Tif = Annotated[Path | None, typer.Option("-o", "--output", help="Write a COG: FILE.tif.")]
_Bbox = Annotated[
    str | None,
    typer.Option(
        metavar="W,S,E,N", help="Only the cells that cover this box [degrees].", show_default=False
    ),
]
_Summary = Annotated[bool, typer.Option("--json", help="Print what the cells amount to.")]
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
    output: _Tif = None,
    unit: Annotated[str, typer.Option(help="degree or percent.")] = "degree",
    z_factor: _Heights = 1.0,
    bbox: _Bbox = None,
    plan: PlanDir = None,
    lang: Language = None,
    as_json: _Summary = False,
) -> None:
    """坡度 · How steep the ground is (Horn)."""
    made = _made("slope", dem, plan, output, bbox=bbox, unit=unit, z_factor=z_factor)
    _give(made, output, lang, as_json=as_json)


def aspect(
    dem: _Dem,
    output: _Tif = None,
    bbox: _Bbox = None,
    plan: PlanDir = None,
    lang: Language = None,
    as_json: _Summary = False,
) -> None:
    """坡向 · Which way the ground falls, in degrees clockwise from grid north (Horn)."""
    made = _made("aspect", dem, plan, output, bbox=bbox)
    _give(made, output, lang, as_json=as_json)


def hillshade(
    dem: _Dem,
    output: _Tif = None,
    azimuth_deg: Annotated[float, typer.Option(help="Where the light comes from [°].")] = 315.0,
    altitude_deg: Annotated[float, typer.Option(help="How high it stands [°].")] = 45.0,
    z_factor: _Heights = 1.0,
    bbox: _Bbox = None,
    plan: PlanDir = None,
    lang: Language = None,
    as_json: _Summary = False,
) -> None:
    """山体阴影 · How bright the ground is under a light (Horn)."""
    light = {"azimuth_deg": azimuth_deg, "altitude_deg": altitude_deg, "z_factor": z_factor}
    made = _made("hillshade", dem, plan, output, bbox=bbox, **light)
    _give(made, output, lang, as_json=as_json)


def cog(
    source: Annotated[str, typer.Argument(metavar="IN", help="A GeoTIFF, or a raster's id.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="FILE.tif.")],
    compress: Annotated[str, typer.Option(help="deflate or zstd; both lose nothing.")] = "deflate",
    resampling: Annotated[
        str | None, typer.Option(help="Of overviews: nearest, average or mode.")
    ] = None,
    bbox: _Bbox = None,
    plan: PlanDir = None,
    lang: Language = None,
) -> None:
    """云优化 GeoTIFF · Write a GeoTIFF, or a raster of the plan, as a COG of the same cells."""
    from geoplan.raster import to_cog

    options: dict[str, Any] = {"compress": compress, "resampling": resampling}
    if not _is_file(source):
        made = _made("cog", source, plan, target, bbox=bbox)
        made.write(target, **options)
    elif bbox is None:
        _refuse_other_than_tif(target)
        to_cog(source, target, **options)
    else:
        raise typer.BadParameter(
            "takes a raster of the plan; a file is written whole", param_hint="--bbox"
        )
    _say_written(target, language(lang))


_raster.callback()(lambda: None)  # a single command would otherwise be run without its name


def _is_file(name: str) -> bool:
    """Tell a file from the id of a raster, which holds neither dots nor slashes."""
    return "." in name or "/" in name


def _made(
    process_id: str,
    name: str,
    plan: Path | None,
    output: Path | None,
    bbox: str | None,
    **asked: Any,
) -> RasterResult:
    """Return what a process makes of a raster of the plan by its id, or of a file."""
    from geoplan.catalogue import Catalogue
    from geoplan.model import Bbox
    from geoplan.processes import PROCESSES
    from geoplan.processes.surface import of_raster
    from geoplan.raster import Raster

    if output is not None:
        _refuse_other_than_tif(output)
    process = PROCESSES[process_id]
    box = None if bbox is None else Bbox.parse(bbox)
    inputs = checked_inputs(process, {"raster": name, "bbox": box, **asked})
    if _is_file(name):
        path = Path(name)
        made = of_raster(process_id, lambda: Raster(name), inputs)
    else:
        catalogue = Catalogue.open(plan or settings().plan)
        path = catalogue.raster_path(name)
        made = cast("RasterResult", process.run(catalogue, inputs))
    if output is not None and output.exists() and path.exists() and output.samefile(path):
        raise BadQuery(f"{output.name} would overwrite its own source: name another file")
    return made


def _give(made: RasterResult, output: Path | None, lang: str | None, *, as_json: bool) -> None:
    """Write a raster, print what its cells amount to, or both."""
    from geoplan.export import result_document

    if output is None and not as_json:
        raise typer.BadParameter("is missing: name FILE.tif, or ask for --json", param_hint="-o")
    chosen = language(lang)
    if output is not None:
        made.write(output)
        _say_written(output, chosen)
    if as_json:
        typer.echo(json.dumps(result_document(made.summary()), ensure_ascii=False))


def _refuse_other_than_tif(path: Path) -> None:
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise typer.BadParameter(f"{path.name}: a COG is a .tif file")


def _say_written(path: Path, lang: Lang) -> None:
    from geoplan.i18n import phrase
    from geoplan.raster import Raster

    with Raster(path) as written:
        size = {"width": written.grid.width, "height": written.grid.height}
    typer.echo(phrase("cli.cog_written", lang, path=path, **size), err=True)
