"""The command ``report``: a check as a document for reviewers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from geoplan.cli.options import PlanDir, language, settings
from geoplan.cli.progress import showing
from geoplan.cli.ruling import LandUse, On, Packs
from geoplan.cli.running import checked_inputs


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(report)


def report(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Write to FILE.docx, FILE.pdf or FILE.xlsx.")
    ],
    plan: PlanDir = None,
    pack: Packs = None,
    on: On = None,
    land_use: LandUse = None,
    candidate: Annotated[
        Path | None,
        typer.Option(help="A file of one feature: the report is on it.", show_default=False),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="What the candidate would be, such as industrial_park.")
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="What is known of it, FIELD=VALUE; may be given again."),
    ] = None,
    source_crs: Annotated[
        str | None, typer.Option(help="What its coordinates are in, when the file does not say.")
    ] = None,
    accuracy_m: Annotated[float, typer.Option(help="How far it may be off [m].")] = 0.0,
    template: Annotated[
        Path | None, typer.Option(help="A DOCX of yours to fill (docs/report.md).")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="docx, pdf or xlsx. [by the ending]")
    ] = None,
    maps: Annotated[int, typer.Option(help="Findings that have a map of their own.")] = 20,
    rows: Annotated[int, typer.Option(help="Rows of a table; more are counted.")] = 200,
    lang: Annotated[
        str | None, typer.Option("--lang", help="zh, en or both. [zh]", show_default=False)
    ] = None,
) -> None:
    """核查报告 · Write a check as a report: DOCX or PDF, or its tables alone as XLSX."""
    from geoplan.catalogue import Catalogue
    from geoplan.export import write_bytes
    from geoplan.i18n import phrase
    from geoplan.processes import PROCESSES
    from geoplan.processes.report import ReportInputs, written

    folder = plan or settings().plan
    chosen = language(None if lang == "both" else lang)
    given = {
        "format": form or output.suffix.lower().removeprefix("."),
        "lang": lang or chosen,
        "packs": pack or ("cn-national",),
        "on": on,
        "land_use": land_use,
        "maps": maps,
        "rows": rows,
        **_candidate(candidate, folder, source_crs),
        "kind": kind,
        "attributes": dict(map(_field, attribute or ())),
        "accuracy_m": accuracy_m,
    }
    inputs = checked_inputs(PROCESSES["report"], given)
    assert isinstance(inputs, ReportInputs)  # noqa: S101 - for the type
    with showing(chosen) as progress:
        made = written(Catalogue.open(folder), inputs, template=template, progress=progress)
    assert isinstance(made.content, bytes)  # noqa: S101 - for the type
    write_bytes(output, made.content)
    code, expires = (getattr(made.run, name, "–") for name in ("code", "expires"))
    typer.echo(phrase("cli.report_written", chosen, path=output, code=code, expires=expires))


def _candidate(path: Path | None, plan: Path, source_crs: str | None) -> dict[str, Any]:
    """Return the one feature of a file as inputs, read as an import would."""
    import shapely

    from geoplan.ingest.candidate import read_candidate

    if path is None:
        return {}
    shape, crs = read_candidate(path, plan, source_crs)
    return {"geometry": json.loads(shapely.to_geojson(shape)), "crs": crs}


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{text!r} is no FIELD=VALUE", param_hint="--attribute")
    return name, value
