"""The commands ``key add``, ``key list`` and ``key revoke``: who may ask the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.options import AsJson, Language, Layers, PlanDir, language, settings

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.access import KeyFile

keys = typer.Typer(
    help="密钥 · API keys: who may ask the service, and for what.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(keys, name="key")


Name = Annotated[str, typer.Argument(help="Name that edits are recorded under.")]


@keys.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, editor or admin.")] = "viewer",
    layer: Layers = None,
    plan: PlanDir = None,
    lang: Language = None,
) -> None:
    """新建密钥 · Make a key and print it, once; --layer limits what it sees."""
    from pydantic import ValidationError

    from geoplan.access import ROLES
    from geoplan.catalogue import Catalogue
    from geoplan.i18n import phrase

    known = next((one for one in ROLES if one == role), None)
    if known is None:
        raise typer.BadParameter(f"{role!r}; known: {', '.join(ROLES)}", param_hint="--role")
    catalogue = Catalogue.parse(plan or settings().plan)
    for one in layer or ():
        if one not in catalogue.rasters:
            catalogue[one]  # one that the plan does not have is named
    file = _file(plan)
    try:
        secret = file.add(name, known, tuple(layer) if layer else None)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="NAME") from None
    typer.echo(secret)
    typer.echo(phrase("key.added", language(lang), name=name, path=file.path), err=True)


@keys.command("list")
def list_(plan: PlanDir = None, lang: Language = None, as_json: AsJson = False) -> None:
    """列出密钥 · List the keys: name, role, layers, and the day each was made."""
    from geoplan.i18n import phrase

    found = _file(plan).all()
    if as_json:
        shown = [key.model_dump(mode="json", exclude={"sha256"}) for key in found]
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    for key in found:
        layers = phrase("key.all", language(lang)) if key.layers is None else ", ".join(key.layers)
        typer.echo("  ".join((key.name, key.role, key.made_on.isoformat(), layers)))
    if not found:
        typer.echo(phrase("key.none", language(lang)), err=True)


@keys.command()
def revoke(name: Name, plan: PlanDir = None, lang: Language = None) -> None:
    """吊销密钥 · Remove a key; a service that runs refuses it at once."""
    from geoplan.i18n import phrase

    _file(plan).revoke(name)
    typer.echo(phrase("key.revoked", language(lang), name=name))


def _file(plan: Path | None) -> KeyFile:
    from geoplan.access import KeyFile, key_file

    configured = settings()
    return KeyFile(key_file(plan or configured.plan, configured.keys))
