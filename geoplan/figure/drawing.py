"""Parts of symbols as SVG: the strokes, fills, patterns and marks of `geoplan.styles.looks`."""

from __future__ import annotations

from dataclasses import dataclass, field

from geoplan.figure.svg import el, rect
from geoplan.figure.view import PX
from geoplan.styles.looks import Fill, Marker, Part, Pattern, Stroke

_WAVE = "M0 4q3.5 -4 7 0t7 0M0 11q3.5 -4 7 0t7 0"
_DOTS = (
    "M1.25 2.5a1.25 1.25 0 1 0 2.5 0a1.25 1.25 0 1 0 -2.5 0z"
    "M6.25 7.5a1.25 1.25 0 1 0 2.5 0a1.25 1.25 0 1 0 -2.5 0z"
)
HATCH = "M-1 1L1 -1M0 8L8 0M7 9L9 7"
_MARKS = {"horline": (14, _WAVE, True), "circle": (10, _DOTS, False), "slash": (8, HATCH, True)}
"""The sign of each pattern: its side [px], its path, and whether it is a stroke."""


@dataclass
class Ink:
    """Draws parts; patterns are defined once and named."""

    patterns: dict[str, str] = field(default_factory=dict)

    def definitions(self) -> str:
        """Return what the document defines."""
        return el("defs", *self.patterns.values()) if self.patterns else ""

    def pattern(self, name: str, side: float, ground: str, ground_opacity: float, sign: str) -> str:
        """Define a pattern and return the paint that uses it."""
        if name not in self.patterns:
            below = rect(0, 0, side, side, fill=ground, fill_opacity=ground_opacity)
            self.patterns[name] = el(
                "pattern", below, sign, id=name, width=side, height=side,
                patternUnits="userSpaceOnUse", patternTransform=f"scale({PX:g})",
            )  # fmt: skip
        return f"url(#{name})"

    def of(self, part: Part, data: str) -> str:
        """Draw a part along path data in units of paper."""
        if isinstance(part, Stroke):
            return el("path", d=data, **stroke(part))
        if isinstance(part, Fill):
            return el("path", d=data, fill=part.colour, fill_opacity=part.opacity)
        if isinstance(part, Pattern):
            return el("path", d=data, fill=self._cue(part))
        dash = " ".join(f"{length * PX:g}" for length in part.dash) or None
        return el(
            "path", d=data, fill=part.fill or "none", fill_opacity=part.opacity,
            stroke=part.stroke, stroke_width=part.width * PX, stroke_opacity=part.opacity,
            stroke_dasharray=dash,
        )  # fmt: skip

    def _cue(self, part: Pattern) -> str:
        side, path, lined = _MARKS[part.mark]
        look = (
            {"stroke": part.colour, "stroke_width": part.size, "stroke_opacity": part.opacity}
            if lined
            else {"fill": part.colour, "fill_opacity": part.opacity}
        )
        sign = el("path", d=path, **{"fill": "none", **look})
        name = f"cue-{part.mark}-{part.colour.lstrip('#')}-{round(part.opacity * 100)}"
        return self.pattern(name, side, "#FFFFFF", 0, sign)


def stroke(part: Stroke) -> dict[str, object]:
    """Return the attributes of a stroke."""
    return {
        "fill": "none",
        "stroke": part.colour,
        "stroke_width": part.width * PX,
        "stroke_opacity": part.opacity if part.opacity < 1 else None,
        "stroke_dasharray": " ".join(f"{length * PX:g}" for length in part.dash) or None,
        "stroke_linecap": part.cap if part.cap != "butt" else None,
        "stroke_linejoin": "round",
    }


def is_marker(part: Part) -> bool:
    """Whether a part is drawn round points."""
    return isinstance(part, Marker)
