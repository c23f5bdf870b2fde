"""The commands ``import``, ``export`` and ``admit``: files of other programs, in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.exits import EXIT_CODES
from geoplan.cli.options import Language, PlanDir, language, settings
from geoplan.cli.progress import showing
from geoplan.cli.showing import printable
from geoplan.errors import BadData

if TYPE_CHECKING:
    from geoplan.ingest.layering import Prepared
    from geoplan.model import Lang
    from geoplan.store.admit import Admission


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("import")(import_)
    app.command("export")(export)
    app.command()(admit)


def import_(
    files: Annotated[list[str], typer.Argument(help="Files; folders of shapefiles or ….gdb.")],
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Kind of the layer; generic takes any table.", metavar="KIND"),
    ] = None,
    kind_of: Annotated[
        list[str] | None,
        typer.Option("--kind-of", help="DXF: PATTERN=KIND of drawing layers; may be given again."),
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", help="Id of the layer, or the table wanted.")
    ] = None,
    plan: PlanDir = None,
    source_crs: Annotated[
        str | None, typer.Option(help="What the coordinates are in: EPSG:4529, GCJ-02, BD-09 …")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the texts: UTF-8, GB18030 …")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=new; may be given again.")
    ] = None,
    accept_datum_shift: Annotated[
        float | None, typer.Option(min=0, help="Leave out a datum shift of so many metres.")
    ] = None,
    swap_axes: Annotated[
        bool | None, typer.Option("--swap-axes/--keep-axes", help="Whether north comes first.")
    ] = None,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Take data outside the plan's extent.")
    ] = False,
    line_means: Annotated[str, typer.Option(help="centreline or edge.")] = "centreline",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell everything, write nothing.")
    ] = False,
    lang: Language = None,
) -> None:
    """导入 · Make layers of files of other programs; a failed import changes nothing."""
    from geoplan.ingest.importing import Wishes, import_files

    chosen = language(lang)
    wishes = Wishes(
        kind=kind or "",
        kind_of=_mapping(kind_of or [], "--kind-of", "PATTERN=KIND"),
        layer=layer,
        source_crs=source_crs,
        encoding=encoding,
        mapping=_mapping(mapping or [], "--map", "OLD=new"),
        accept_datum_shift_m=accept_datum_shift,
        line_means="edge" if _known(line_means) == "edge" else "centreline",
        swap_axes=swap_axes,
        allow_outside=allow_outside,
        dry_run=dry_run,
    )
    with showing(chosen) as progress:
        found = import_files(plan or settings().plan, files, wishes, progress)
    for one in found:
        _tell(one, chosen, dry_run=dry_run)


def export(
    layer: Annotated[str, typer.Argument(help="Layer id.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Its ending tells the format.")],
    plan: PlanDir = None,
    codes: Annotated[
        bool, typer.Option("--codes", help="Name columns by standard field codes (BSM, YSDM …).")
    ] = False,
    form: Annotated[
        str | None, typer.Option("--format", help="When the ending does not say.")
    ] = None,
    lang: Language = None,
) -> None:
    """导出 · Write a layer for other programs; what the format cannot hold is told."""
    from geoplan.catalogue import Catalogue
    from geoplan.i18n import phrase
    from geoplan.interchange import export_layer

    chosen = language(lang)
    catalogue = Catalogue.open(plan or settings().plan)
    with showing(chosen) as progress:
        done = export_layer(catalogue, layer, output, form=form, codes=codes, progress=progress)
    typer.echo(phrase("foreign.exported", chosen, path=output, count=done.count))
    for loss in done.losses:
        typer.echo("- " + printable(loss.to(chosen)))
    for old, new in done.names.items():
        typer.echo(printable(f"  {old} → {new}"))


def show_provenance(plan: Path, names: list[str]) -> None:
    """Print where layers come from."""
    from geoplan.catalogue import Catalogue

    catalogue = Catalogue.open(plan)
    for name in names:
        note = catalogue.provenance(name)
        try:
            text = json.dumps(json.loads(note or '"–"'), ensure_ascii=False, indent=2)
        except json.JSONDecodeError:
            text = note or ""
        for line in text.splitlines():
            typer.echo(printable(line))


def _mapping(pairs: list[str], option: str, form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        old, sign, new = pair.rpartition("=")
        if not (sign and old.strip() and new.strip()):
            raise typer.BadParameter(f"{pair!r} is not {form}", param_hint=option)
        if old.strip() in found:
            raise typer.BadParameter(f"{old.strip()!r} is given twice", param_hint=option)
        found[old.strip()] = new.strip()
    return found


def _known(line_means: str) -> str:
    if line_means not in ("centreline", "edge"):
        raise typer.BadParameter("centreline or edge", param_hint="--line-means")
    return line_means


def admit(
    file: Annotated[Path, typer.Argument(help="A GeoPackage from outside.")],
    rebuild_index: Annotated[
        bool, typer.Option("--rebuild-index", help="Rebuild R-tree, counts and extent first.")
    ] = False,
    lang: Language = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """准入检查 · Look at a foreign GeoPackage before it becomes a layer; exit 3 when refused."""
    from dataclasses import asdict

    from geoplan.store.admit import inspect
    from geoplan.store.reindex import rebuild_index as rebuild

    chosen = language(lang)
    found = rebuild(file) if rebuild_index else inspect(file)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"refused": found.refused}, default=str))
    else:
        _print_admission(found, chosen)
    if found.refused:
        raise typer.Exit(EXIT_CODES[BadData])


def _print_admission(found: Admission, lang: Lang) -> None:
    from geoplan.i18n import phrase

    for one in found.findings:
        typer.echo(printable(f"{one.level}  {one.code}  {one.object}: {one.message}"))
    for table in found.tables:
        line = phrase("cli.admit_table", lang, table=table.table, count=table.count,
                      type=table.geometry_type, srs=table.srs)  # fmt: skip
        typer.echo(printable(line))
    verdict = "cli.refused" if found.refused else "cli.admitted"
    typer.echo(phrase(verdict, lang, path=found.path))


def _tell(one: Prepared, lang: Lang, *, dry_run: bool) -> None:
    from geoplan.i18n import phrase

    key = "foreign.would_import" if dry_run else "foreign.imported"
    lines = [phrase(key, lang, layer=one.layer.id, count=len(one.features), located=one.located,
                    crs=one.crs, source=one.verdict["source_crs"])]  # fmt: skip
    lines += [f"- {step}" for step in one.verdict["steps"]]
    lines += [
        f"- {found.level} {found.code}: {found.message.to(lang)}" for found in one.coordinates
    ]
    if one.new and one.layer.line_means is not None:
        lines.append("- " + phrase("foreign.line_means", lang, what=one.layer.line_means))
    if layers := one.source.get("drawing_layers"):
        told = ", ".join(f"{name} ({count})" for name, count in layers.items())
        lines.append("- " + phrase("foreign.drawing_layers", lang, layers=told))
    if one.encoding:
        lines.append("- " + phrase("foreign.encoding", lang, encoding=one.encoding))
    for old, new in one.matched.renamed.items():
        lines.append(f"  {old} → {new}")
    if one.matched.absent:
        columns = ", ".join(one.matched.absent)
        lines.append("- " + phrase("foreign.absent", lang, columns=columns))
    lines += ["- " + loss.to(lang) for loss in one.losses]
    if one.quality:
        counts = ", ".join(f"{code} {count}" for code, count in one.quality.items())
        lines.append("- " + phrase("foreign.quality", lang, counts=counts))
    for line in lines:
        typer.echo(printable(line))
