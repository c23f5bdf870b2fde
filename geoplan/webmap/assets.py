"""Reads the page's own scripts and styles and the vendored Leaflet, ready to inline."""

import base64
import re
from functools import cache
from importlib.resources import files

SCRIPTS = (
    "dom.js",
    "words.js",
    "plan.js",
    "strokes.js",
    "symbols.js",
    "graticule.js",
    "labels.js",
    "geodesic.js",
    "gauss-kruger.js",
    "places.js",
    "scale.js",
    "opacity.js",
    "furniture.js",
    "aim.js",
    "clipboard.js",
    "measure.js",
    "coordinates.js",
    "tools.js",
    "sheet.js",
    "print.js",
    "painter.js",
    "picture.js",
    "gcj02.js",
    "pictures.js",
    "map.js",
    "facts.js",
    "details.js",
    "findings.js",
    "findings-map.js",
    "findings-card.js",
    "findings-panel.js",
    "legend.js",
    "panel.js",
    "address.js",
    "main.js",
)
"""Our scripts, in the order in which they build on each other."""

STYLES = ("page.css", "panel.css", "map.css", "findings.css", "tools.css", "sheet.css", "embed.css")

_IMAGE = re.compile(r"url\((images/[\w.-]+\.png)\)")
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def _bytes(name: str) -> bytes:
    return files(__package__).joinpath("web", *name.split("/")).read_bytes()


def _text(name: str) -> str:
    return _bytes(name).decode("utf-8").replace("\r\n", "\n")


@cache
def scripts() -> tuple[str, ...]:
    """Return Leaflet, then our scripts; none of them asks for a source map."""
    return tuple(
        _SOURCE_MAP.sub("", _text(name))
        for name in ("leaflet/leaflet.js", *(f"js/{script}" for script in SCRIPTS))
    )


@cache
def styles() -> tuple[str, ...]:
    """Return Leaflet's style with its images inside, then ours."""

    def inlined(found: re.Match[str]) -> str:
        image = base64.b64encode(_bytes(f"leaflet/{found[1]}")).decode("ascii")
        return f"url(data:image/png;base64,{image})"

    leaflet = _IMAGE.sub(inlined, _text("leaflet/leaflet.css"))
    return leaflet, *(_text(f"css/{style}") for style in STYLES)


@cache
def skeleton() -> str:
    """Return the page's landmarks; the scripts fill them."""
    return _text("skeleton.html")


@cache
def leaflet_licence() -> str:
    """Return the licence that every copy of Leaflet has to carry."""
    return _text("leaflet/LICENSE")
