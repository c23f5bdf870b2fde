"""Styles and scripts of the pages: our own, and the Leaflet that the offline map brings.

All stand under one address that names their content, so that a browser keeps them for good and
a new version of the service brings new ones at once.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ASSETS = "/assets"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    "": "text/plain; charset=utf-8",
}


class Asset(NamedTuple):
    """A file of the pages: its bytes and media type."""

    body: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Return all files by their name."""
    # not through geoplan.webmap, whose import brings geopandas
    leaflet = files("geoplan").joinpath("webmap", "web", "leaflet")
    own = files(__package__).joinpath("web")
    found = {**_below(leaflet, "leaflet/"), **_below(own, "")}
    return {name: Asset(body, _KINDS[PurePosixPath(name).suffix]) for name, body in found.items()}


@cache
def asset_version() -> str:
    """Return a name for the content of all files."""
    digest = hashlib.blake2b(digest_size=8)
    for name, asset in sorted(assets().items()):
        digest.update(f"{name} {len(asset.body)} ".encode() + asset.body)
    return digest.hexdigest()


def asset_path(name: str) -> str:
    """Return the path of a file."""
    return f"{ASSETS}/{asset_version()}/{name}"


def _below(folder: Traversable, prefix: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _below(entry, f"{prefix}{entry.name}/")
        else:
            found[prefix + entry.name] = entry.read_bytes()
    return found
