"""The command ``figure``: a map sheet for a document, or an atlas of conflicts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli.options import Language, PlanDir, language, settings
from geoplan.cli.progress import showing
from geoplan.cli.ruling import On, Packs
from geoplan.cli.running import checked_inputs

if TYPE_CHECKING:
    from geoplan.figure import Prepared, Sheet
    from geoplan.processes import FigureInputs

_FOR_DOCX = {"format": "png", "dpi": 300.0, "frame": False}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(figure)


def figure(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Write to FILE.svg, FILE.png or FILE.pdf.")
    ],
    plan: PlanDir = None,
    sheet: Annotated[
        str,
        typer.Option(
            metavar="overview|control-lines|conflict|matrix|atlas",
            help="Which sheet. An atlas has one for each conflict: the pages of a PDF, or files "
            "FILE-C01.png and so on.",
        ),
    ] = "overview",
    finding: Annotated[
        str | None, typer.Option(metavar="C01", help="The conflict of a conflict sheet.")
    ] = None,
    paper: Annotated[str, typer.Option(metavar="A4|A3", help="The paper it fills.")] = "A4",
    portrait: Annotated[
        bool, typer.Option("--portrait/--landscape", help="Which way the paper lies.")
    ] = False,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Width and height in place of the paper [mm].")
    ] = None,
    pixels: Annotated[
        str | None, typer.Option(metavar="WxH", help="The same in pixels, at --dpi.")
    ] = None,
    dpi: Annotated[
        float | None, typer.Option(help="Pixels of an inch. [150]", show_default=False)
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="N", help="Draw to 1:N. [the largest that shows everything]"),
    ] = None,
    extent: Annotated[
        str | None, typer.Option(metavar="W,S,E,N", help="What to show, in degrees.")
    ] = None,
    no_frame: Annotated[
        bool, typer.Option("--no-frame", help="The map alone, without title and legend.")
    ] = False,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="docx",
            help="For a Word document: a PNG at 300 dpi, as wide as its text, the map alone.",
        ),
    ] = None,
    world_file: Annotated[
        bool,
        typer.Option("--world-file", help="Beside a PNG, say where it lies: .pgw, .prj, .aux.xml."),
    ] = False,
    links: Annotated[
        bool,
        typer.Option("--links", help="In an SVG, the numbers of conflicts lead to --link-base."),
    ] = False,
    link_base: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Page of `geoplan map` that links lead to. [map.html]"),
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Draw the layers without findings.")
    ] = False,
    pack: Packs = None,
    on: On = None,
    raster: Annotated[
        str | None, typer.Option(metavar="ID", help="Raster that lies under the layers.")
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="An older version: a folder in the plan's 'versions'."),
    ] = None,
    font: Annotated[
        Path | None, typer.Option(help="Font file with Chinese characters. [GEOPLAN_FONT]")
    ] = None,
    lang: Language = None,
) -> None:
    """图件 · Draw a map sheet to scale for a document: SVG, PNG or PDF."""
    from geoplan.catalogue import Catalogue
    from geoplan.processes import PROCESSES
    from geoplan.processes.figure import FigureInputs, sheets_of

    chosen, form = language(lang), output.suffix.lower().removeprefix(".")
    _refuse_unfitting(form, for_, world_file=world_file, links=links or link_base is not None)
    given: dict[str, Any] = {
        "sheet": sheet,
        "format": form,
        "lang": chosen,
        "paper": paper,
        "orientation": "portrait" if portrait else "landscape",
        "size_mm": _numbers("--size", size, "x", 2, "WxH"),
        "size_px": _numbers("--pixels", pixels, "x", 2, "WxH"),
        "scale": scale,
        "finding": finding,
        "extent": _numbers("--extent", extent, ",", 4, "W,S,E,N"),
        "frame": not no_frame,
        "check": not no_check,
        "packs": pack or ("cn-national",),
        "on": on,
        "raster": raster,
        "version": version,
    }
    given |= _for_docx(given) if for_ else {}
    given |= {} if dpi is None else {"dpi": dpi}
    inputs = checked_inputs(PROCESSES["figure"], given)
    assert isinstance(inputs, FigureInputs)  # noqa: S101 - for the type
    with showing(chosen) as progress:
        catalogue = Catalogue.open(plan or settings().plan)
        ready, sheets = sheets_of(catalogue, inputs, font=font, progress=progress)
        if links or link_base is not None:
            sheets = _linked(sheets, ready, link_base or "map.html")
        _write(output, inputs, ready, sheets, world_file=world_file)


def _refuse_unfitting(form: str, for_: str | None, *, world_file: bool, links: bool) -> None:
    """Refuse what the form of the file has no place for."""
    if form not in ("svg", "png", "pdf"):
        raise typer.BadParameter("a figure is a .svg, .png or .pdf file", param_hint="-o")
    if for_ not in (None, "docx"):
        raise typer.BadParameter(f"{for_!r}; known: docx", param_hint="--for")
    if for_ and form != "png":
        raise typer.BadParameter("Word takes a .png file", param_hint="-o")
    if world_file and form != "png":
        raise typer.BadParameter("only a .png file has one", param_hint="--world-file")
    if links and form != "svg":
        raise typer.BadParameter("only an .svg file has links", param_hint="--links")


def _for_docx(given: dict[str, Any]) -> dict[str, Any]:
    from geoplan.figure import TEXT_COLUMN_MM

    sized = given["size_mm"] or given["size_px"]
    return {**_FOR_DOCX, **({} if sized else {"size_mm": TEXT_COLUMN_MM})}


def _numbers(
    option: str, text: str | None, between: str, count: int, shape: str
) -> tuple[str, ...] | None:
    """Return the numbers of an option as texts, which the model of the process reads."""
    if text is None:
        return None
    parts = tuple(part.strip() for part in text.lower().replace("×", "x").split(between))
    if len(parts) != count or not all(parts):
        raise typer.BadParameter(f"{text!r} is no {shape}", param_hint=option)
    return parts


def _linked(sheets: tuple[Sheet, ...], plan: Prepared, base: str) -> tuple[Sheet, ...]:
    from urllib.parse import urlsplit

    from geoplan.figure.linking import linked

    if urlsplit(base).scheme.lower() not in ("", "http", "https", "file"):
        raise typer.BadParameter(f"{base!r} is no address of a page", param_hint="--link-base")
    return tuple(linked(one, plan, base) for one in sheets)


def _write(
    output: Path,
    inputs: FigureInputs,
    plan: Prepared,
    sheets: tuple[Sheet, ...],
    *,
    world_file: bool,
) -> None:
    """Write sheets, and tell of each file: several as one PDF, or as files with their numbers."""
    from geoplan.export import write_bytes, write_text
    from geoplan.i18n import phrase
    from geoplan.processes.figure import conflict_numbers, written

    files = [(output, sheets)]
    if inputs.sheet == "atlas" and inputs.format != "pdf":
        names = conflict_numbers(plan)
        files = [
            (output.with_name(f"{output.stem}-{name}{output.suffix}"), (one,))
            for name, one in zip(names, sheets, strict=True)
        ]
    for path, shown in files:
        made = written(shown, inputs)
        if isinstance(made, str):
            write_text(path, made)
        else:
            write_bytes(path, made)
        if world_file and isinstance(made, bytes):
            _place(path, shown[0], made, plan.content.plan.measuring_plane)
        told = {"path": path, "kilobytes": f"{path.stat().st_size / 1000:,.0f}"}
        if len(shown) > 1:  # each to a scale of its own
            typer.echo(phrase("cli.atlas_written", inputs.lang, count=len(shown), **told))
        else:
            scale = f"{shown[0].scale:,.0f}"
            typer.echo(phrase("cli.figure_written", inputs.lang, scale=scale, **told))


def _place(path: Path, sheet: Sheet, png: bytes, plane: str) -> None:
    """Write what GIS look for beside a picture."""
    from geoplan.export import write_text
    from geoplan.figure.output import size_px
    from geoplan.figure.placing import auxiliary, projection, world_file

    write_text(path.with_suffix(".pgw"), world_file(sheet, size_px(png)))
    write_text(path.with_suffix(".prj"), projection(plane))
    write_text(path.with_name(f"{path.name}.aux.xml"), auxiliary(plane))
