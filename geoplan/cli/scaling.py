"""The commands for layers larger than memory: ``tile``, and ``tiled`` with its questions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.options import Language, PlanDir, language, settings
from geoplan.cli.progress import showing
from geoplan.cli.workforce import Scheduler, Workers, answering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geopandas import GeoDataFrame

    from geoplan.model import Lang
    from geoplan.partitions import Summary

_tiled = typer.Typer(
    name="tiled",
    no_args_is_help=True,
    help="分块图层的分析 · Questions to layers in partitions, answered one by one.",
)
_PARQUET = (".parquet", ".geoparquet")
_DATABASE = ("postgresql://", "postgres://")
_Folder = Annotated[Path, typer.Argument(help="A folder that `geoplan tile` has written.")]
_To = Annotated[
    Path,
    typer.Option(
        "-o", "--output", help="FILE.parquet or FILE.gpkg; a FOLDER is filled by the workers."
    ),
]
_Most = Annotated[
    int, typer.Option("--features", min=1, help="Features in memory at once, of all layers.")
]
_IN_PARTITION, _AT_ONCE = 50_000, 100_000


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(tile)
    app.add_typer(_tiled, name="tiled")


def tile(
    source: Annotated[
        str,
        typer.Argument(help="A GeoParquet file, the id of a layer, or postgresql://HOST/DATABASE."),
    ],
    folder: Annotated[Path, typer.Argument(help="To be made; it must not be there.")],
    plan: PlanDir = None,
    features: Annotated[int, typer.Option(min=1, help="In a partition.")] = _IN_PARTITION,
    table: Annotated[
        str | None, typer.Option(help="Of a database: SCHEMA.TABLE.", show_default=False)
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option("--id", help="Column of ids, of a file or a table.", metavar="NAME"),
    ] = None,
    lang: Language = None,
) -> None:
    """分块 · Lay a layer out in partitions of neighbouring features, GeoParquet along a curve."""
    from geoplan.catalogue import Catalogue
    from geoplan.i18n import phrase
    from geoplan.partitions import sources
    from geoplan.partitions import tile as lay_out

    if source.startswith(_DATABASE) and table is None:
        raise typer.BadParameter("a database needs the name of a table", param_hint="--table")

    def batches() -> Iterable[GeoDataFrame]:
        if source.startswith(_DATABASE):
            return sources.of_table(source, table or "", id_column)
        if Path(source).suffix.lower() in _PARQUET:
            return sources.of_parquet(Path(source), id_column)
        return sources.of_layer(Catalogue.open(plan or settings().plan), source)

    chosen = language(lang)
    with showing(chosen) as progress:
        made = lay_out(batches, folder, features=features, progress=progress)
    counts = {"count": made.count, "parts": len(made.partitions), "missing": len(made.no_geometry)}
    typer.echo(phrase("tiled.made", chosen, path=folder, **counts))


@_tiled.command("overlap")
def tiled_overlap(
    left: _Folder,
    right: _Folder,
    output: _To,
    min_area_m2: Annotated[float, typer.Option(help="Drop smaller shared areas [m²].")] = 0.0,
    min_length_m: Annotated[float, typer.Option(help="Drop shorter shared lengths [m].")] = 0.0,
    features: _Most = _AT_ONCE,
    scheduler: Scheduler = None,
    workers: Workers = None,
    lang: Language = None,
) -> None:
    """分块叠加 · Where the features of two layers coincide, and by how much."""
    from geoplan import partitions
    from geoplan.partitions import Partitions

    question = partial(
        partitions.overlap, Partitions.open(left), Partitions.open(right),
        to=output, min_area_m2=min_area_m2, min_length_m=min_length_m, part_features=features,
    )  # fmt: skip
    _ask(question, output, scheduler, workers, language(lang))


@_tiled.command("coverage")
def tiled_coverage(
    zones: _Folder,
    by: Annotated[list[Path], typer.Argument(help="Folders of layers that cover.")],
    output: _To,
    gaps: Annotated[bool, typer.Option("--gaps/--no-gaps", help="Write the gaps' shapes.")] = True,
    features: _Most = _AT_ONCE,
    scheduler: Scheduler = None,
    workers: Workers = None,
    lang: Language = None,
) -> None:
    """分块覆盖率 · How much of each zone the union of other layers covers."""
    from geoplan import partitions
    from geoplan.partitions import Partitions

    layers = [Partitions.open(one) for one in (zones, *by)]
    question = partial(
        partitions.coverage, *layers, to=output, gap_geometry=gaps, part_features=features
    )
    _ask(question, output, scheduler, workers, language(lang))


@_tiled.command("clearance")
def tiled_clearance(
    left: _Folder,
    right: _Folder,
    output: _To,
    within_m: Annotated[float, typer.Option(help="How far to look [m].")] = 500.0,
    threshold_m: Annotated[
        float | None, typer.Option(help="A distance to be kept [m]; tells hit from uncertain.")
    ] = None,
    features: _Most = _AT_ONCE,
    scheduler: Scheduler = None,
    workers: Workers = None,
    lang: Language = None,
) -> None:
    """分块净距 · How far features of two layers are from each other, up to a distance."""
    from geoplan import partitions
    from geoplan.partitions import Partitions

    question = partial(
        partitions.clearance, Partitions.open(left), Partitions.open(right), within_m,
        to=output, threshold_m=threshold_m, part_features=features,
    )  # fmt: skip
    _ask(question, output, scheduler, workers, language(lang))


def _ask(
    question: Callable[..., Summary],
    output: Path,
    scheduler: str | None,
    workers: int | None,
    lang: Lang,
) -> None:
    """Ask a question of whoever is to answer, and say what came of it."""
    with showing(lang) as progress, answering(scheduler, workers) as ask:
        found = question(map=ask or map, progress=progress)
    _tell(found, output, lang)


def _tell(found: Summary, output: Path, lang: Lang) -> None:
    """Say what was written, its sums, and what was left out."""
    from geoplan.i18n import phrase

    typer.echo(phrase("tiled.written", lang, path=output, count=found.count))
    for name, total in found.sums.items():
        typer.echo(f"  {name}: {total:.3f}")
    if found.below_minimum:
        typer.echo(phrase("tiled.below_minimum", lang, count=found.below_minimum))
    for layer, count in found.no_geometry.items():
        if count:
            typer.echo(phrase("tiled.no_geometry", lang, layer=layer, count=count))
