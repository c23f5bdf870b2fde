"""Entries of ``catalogue.toml``, added as text so that the rest of the file stays as it was."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

from geoplan.catalogue import CATALOGUE
from geoplan.errors import CatalogueInvalid, NotWritable
from geoplan.model import Layer

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.model import Text


def entry_text(layer: Layer) -> str:
    """Return a layer's entry as TOML."""
    lines = ["[[layer]]", f"id = {_quoted(layer.id)}", f"kind = {_quoted(layer.kind)}"]
    lines += [f"title = {_both(layer.title)}", f"geometry = {_quoted(layer.geometry)}"]
    if layer.line_means is not None:
        lines.append(f"line_means = {_quoted(layer.line_means)}")
    for name in ("id_column", "name_column", "name_en_column"):
        value = getattr(layer, name)
        if value is not None:
            lines.append(f"{name} = {_quoted(value)}")
    lines.append(f"source = {_both(layer.source)}")
    lines.append(f"source_date = {layer.source_date.isoformat()}")
    return "\n".join(lines) + "\n"


def _both(text: Text) -> str:
    return f"{{ zh = {_quoted(text.zh)}, en = {_quoted(text.en)} }}"


def _quoted(value: str) -> str:
    """Return a TOML basic string: its escapes are JSON's, and DEL besides."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def with_entries(directory: Path, layers: list[Layer]) -> str:
    """Return the catalogue's text with entries added at its end, checked by reading it back.

    Raises
    ------
    CatalogueInvalid
        The catalogue cannot be read, or would not say what was meant.
    """
    path = directory / CATALOGUE
    try:
        before = path.read_bytes().decode("utf-8")
        old = tomllib.loads(before)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueInvalid(f"{path} cannot be read: {error}") from error
    gap = "" if before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
    text = before + gap + "\n".join(entry_text(layer) for layer in layers)
    new = tomllib.loads(text)
    entries = new["layer"][len(old.get("layer", [])) :]
    if [Layer.model_validate(entry) for entry in entries] != layers:
        raise CatalogueInvalid(f"{path}: the new entries would not read as they were meant")
    new["layer"] = new["layer"][: -len(layers)]
    if new != {"layer": [], **old}:
        raise CatalogueInvalid(f"{path}: its other entries would not read as before")
    return text


def store_text(path: Path, text: str) -> None:
    """Put a text in the place of a file, whole or not at all.

    Raises
    ------
    NotWritable
        It cannot be written; what stood there is unchanged.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(text.encode())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NotWritable(f"cannot write {path}: {error.strerror}") from error
