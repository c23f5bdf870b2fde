"""The commands ``audit``, ``backup`` and ``restore``: who changed what, and how nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from geoplan.cli.options import AsJson, Language, PlanDir, language, settings
from geoplan.cli.showing import printable


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(audit)
    app.command()(backup)
    app.command()(restore)


def audit(
    layer: Annotated[str, typer.Argument(help="Layer id.")],
    plan: PlanDir = None,
    limit: Annotated[int, typer.Option(min=1, help="How many edits at most.")] = 100,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """编辑记录 · List the edits of a layer, the newest first: when, who, what, which feature."""
    from geoplan.catalogue import Catalogue
    from geoplan.i18n import phrase
    from geoplan.store.history import history

    chosen = language(lang)
    catalogue = Catalogue.open(plan or settings().plan)
    lines = history(catalogue.path(layer), catalogue[layer].table, limit)
    if as_json:
        typer.echo(json.dumps([line._asdict() for line in lines], ensure_ascii=False))
        return
    for line in lines:
        action = phrase(f"audit.{line.action}", chosen)
        versions = f"{line.before_version or '–'} → {line.after_version or '–'}"
        parts = [line.time, line.who, action, line.feature_id, versions, line.changed]
        typer.echo("  ".join(printable(part) for part in parts if part))
    if not lines:
        typer.echo(phrase("audit.none", chosen, layer=layer), err=True)


def backup(
    plan: PlanDir = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="FILE.zip or a new folder. [PLAN-TIME.zip]"),
    ] = None,
    lang: Language = None,
) -> None:
    """备份 · Save all files of a plan, also while it is served and edited."""
    from geoplan.backup import back_up
    from geoplan.i18n import phrase

    chosen = language(lang)
    saved = back_up(plan or settings().plan, output)
    typer.echo(phrase("backup.saved", chosen, path=saved.path, count=saved.files))
    for finding in saved.findings:
        typer.echo(printable(phrase("backup.finding", chosen, finding=finding)), err=True)


def restore(
    source: Annotated[Path, typer.Argument(help="What geoplan backup made.", metavar="BACKUP")],
    plan: PlanDir = None,
    force: Annotated[
        bool, typer.Option("--force", help="Set aside what stands in the folder.")
    ] = False,
    lang: Language = None,
) -> None:
    """恢复 · Bring a plan back from a backup; verified first, nothing is overwritten."""
    from geoplan.backup import restore as bring_back
    from geoplan.i18n import phrase

    chosen = language(lang)
    made = bring_back(source, plan or settings().plan, force=force)
    typer.echo(phrase("backup.restored", chosen, path=made.directory, count=made.files))
    if made.aside is not None:
        typer.echo(phrase("backup.aside", chosen, path=made.aside))
