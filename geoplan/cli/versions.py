"""The command on two versions of a plan: ``diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.options import AsJson, Language, Layers, language
from geoplan.cli.ruling import On, Packs
from geoplan.cli.running import checked_inputs
from geoplan.cli.showing import show, show_tables

if TYPE_CHECKING:
    from geoplan.model import Lang, Result


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(diff)


def diff(
    old: Annotated[Path, typer.Argument(help="Folder of the older version of the plan.")],
    new: Annotated[Path, typer.Argument(help="Folder of the newer version.")],
    layer: Layers = None,
    pack: Packs = None,
    on: On = None,
    no_rules: Annotated[
        bool, typer.Option("--no-rules", help="Compare features alone, not the findings.")
    ] = False,
    changes: Annotated[
        Path | None,
        typer.Option(
            help="Write the layers of the change, WHQ before, WHC the change, WHH after, beside "
            "FILE.gpkg."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write to FILE.gpkg, .geojson or .csv; table G to FILE.xlsx."
        ),
    ] = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """版本差异 · What changed between two versions of a plan: features and conflicts, and why."""
    from geoplan.catalogue import Catalogue
    from geoplan.processes import PROCESSES
    from geoplan.processes.diff import result_of
    from geoplan.versions import difference, write_change_layers

    packs = () if no_rules else tuple(pack or ("cn-national",))
    asked = {"old": "old", "layers": tuple(layer or ()), "packs": packs, "on": on}
    inputs = checked_inputs(PROCESSES["diff"], asked)
    day = inputs.on  # type: ignore[attr-defined]  # of DiffInputs
    versions = Catalogue.open(old), Catalogue.open(new)
    found = difference(*versions, packs, layers=tuple(layer or ()), on=day)
    told = {**inputs.model_dump(mode="json"), "old": old.name, "new": new.name}
    result = result_of(found, told)
    show(result, lang, output, as_json=as_json)
    if changes is not None:
        write_change_layers(found, changes, result.run.time)
    if not as_json:
        _sum_up(result, language(lang), changes)
        if result.tables:
            show_tables(result, lang)


def _sum_up(result: Result, lang: Lang, changes: Path | None) -> None:
    from geoplan.i18n import phrase

    counts = {name: int(value) for name, value in result.totals.items()}
    typer.echo(phrase("diff.summary", lang, **counts), err=True)
    for part in result.parts:
        if part["state"] != "compared":
            typer.echo(phrase(f"diff.{part['state']}", lang, layer=part["layer"]), err=True)
    became = {
        name.removeprefix("finding_").removesuffix("_count"): value
        for name, value in counts.items()
        if name.startswith("finding_")
    }
    if became:
        typer.echo(phrase("diff.findings", lang, **became), err=True)
    if changes is not None:
        typer.echo(phrase("diff.written", lang, path=changes), err=True)
