"""Reads the page's own scripts and styles and the vendored Leaflet, ready to inline."""

import base64
import re
from functools import cache
from importlib.resources import files

ENGINE = (
    "namespace.js",
    "bytes.js",
    "tree.js",
    "columns.js",
    "layer.js",
    "shapes.js",
    "hit.js",
    "search.js",
    "filter.js",
    "cues.js",
    "painter.js",
    "session.js",
    "client.js",
    "worker.js",
)
"""Scripts of the engine: one element on the page, whose text a worker runs as well."""

SCRIPTS = (
    "dom.js",
    "words.js",
    "plan.js",
    "strokes.js",
    "engine-style.js",
    "tiles.js",
    "served-layer.js",
    "layers.js",
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
    "search.js",
    "filters.js",
    "panel.js",
    "address.js",
    "main.js",
)
"""Our scripts, in the order in which they build on each other."""

PLAN_LAYER = ("dom.js", "strokes.js", "engine-style.js", "tiles.js", "plan-layer.js")
"""What a layer brings to a map of Folium's, beside the engine."""

STYLES = (
    "page.css", "panel.css", "map.css", "findings.css", "finding-aids.css", "tools.css",
    "sheet.css", "embed.css",
)  # fmt: skip

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
def engine_scripts() -> dict[str, str]:
    """Return the scripts that a worker is started from, by the id of their element."""
    own = "\n".join(_text(f"js/engine/{script}") for script in ENGINE)
    return {"geoplan-fflate": _text("fflate/fflate.js"), "geoplan-engine": own}


@cache
def plan_layer_scripts() -> str:
    """Return the scripts of `PlanLayer` as one."""
    return "\n".join(_text(f"js/{script}") for script in PLAN_LAYER)


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
def licences() -> str:
    """Return the licences that every copy of what others wrote has to carry."""
    return _text("leaflet/LICENSE") + "\n" + _text("fflate/LICENSE")
