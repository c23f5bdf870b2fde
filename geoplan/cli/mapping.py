"""The command ``map``: a plan as one HTML file, and what it may tell whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.options import Layers, PlanDir, language, settings
from geoplan.cli.ruling import On, Packs
from geoplan.cli.running import checked_inputs

if TYPE_CHECKING:
    from geoplan.model import Lang


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("map")(map_)


def map_(
    output: Annotated[Path, typer.Option("-o", "--output", help="Write to FILE.html.")],
    plan: PlanDir = None,
    layer: Layers = None,
    check: Annotated[
        bool, typer.Option("--check", help="With the findings of a check by planning rules.")
    ] = False,
    pack: Packs = None,
    on: On = None,
    exclude_fields: Annotated[
        str | None, typer.Option(metavar="A,B", help="Fields that are left out of every layer.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(metavar="1m|10m|100m", help="Round coordinates to this grid.")
    ] = None,
    raster: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a raster to draw beneath; may be given again.", show_default=False
        ),
    ] = None,
    basemap: Annotated[
        str,
        typer.Option(
            metavar="none|tianditu|amap|FILE.mbtiles|FILE.tif",
            help="A file is embedded; tianditu and amap need a network and unseal the page.",
        ),
    ] = "none",
    review_number: Annotated[
        str | None, typer.Option(help="审图号 that stands on the map.", show_default=False)
    ] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="Mark the map 内部使用, for internal use only.")
    ] = False,
    lang: Annotated[
        str | None,
        typer.Option("--lang", help="zh or en alone, or both. [both]", show_default=False),
    ] = None,
) -> None:
    """离线地图 · Write a map as one HTML file that opens without a network."""
    from geoplan.catalogue import Catalogue
    from geoplan.export import write_text
    from geoplan.i18n import phrase
    from geoplan.processes import PROCESSES
    from geoplan.processes.map import Edition, MapInputs, edition

    chosen, languages = _languages(lang)
    if output.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{output.name}: a map is an .html file", param_hint="-o")
    if internal and review_number:
        raise typer.BadParameter("a map has one or the other", param_hint="--internal")
    given = {
        "layers": layer or (),
        "lang": chosen,
        "check": check,
        "packs": pack or (),
        "on": on,
        "exclude_fields": [name.strip() for name in (exclude_fields or "").split(",") if name],
        "precision": precision,
        "rasters": raster or (),
    }
    inputs = checked_inputs(PROCESSES["map"], given)
    assert isinstance(inputs, MapInputs)  # noqa: S101 - for the type
    made = Edition(review_number, internal, basemap, settings().tianditu_key, languages)
    document = edition(Catalogue.open(plan or settings().plan), inputs, made)
    write_text(output, str(document.content))
    megabytes = f"{output.stat().st_size / 1e6:.1f}"
    typer.echo(phrase("cli.map_written", chosen, path=output, megabytes=megabytes))


def _languages(lang: str | None) -> tuple[Lang, tuple[Lang, ...]]:
    """Return the language that a map opens in, and those that it can be read in."""
    if lang in (None, "both"):
        return language(None), ("zh", "en")
    one = language(lang)
    return one, (one,)
