"""A raster of the plan under a sheet: relief of a DEM, colours of classes, a photograph's grey."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geoplan.figure.svg import el
from geoplan.raster.looks import look_of
from geoplan.raster.picture import Ramp, picture, relief

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.figure.view import View
    from geoplan.model import Lang, RasterLayer
    from geoplan.raster import Raster

DOTS_PER_MM = 6.0
"""150 dots an inch: what print shows of a ground."""

MOST = 2400
"""Dots along the longer side."""

OPACITY = 0.55


@dataclass(frozen=True)
class Underlay:
    """A raster that lies under the layers, open while the sheet is drawn."""

    entry: RasterLayer
    raster: Raster

    def drawn(self, view: View) -> str:
        """Return the piece of it that a view shows, as a picture within the document.

        Raises
        ------
        FileUnreadable
            The file is damaged there.
        """
        left, top, wide, high = view.field
        fine = min(DOTS_PER_MM, MOST / max(wide, high))
        size = max(1, round(wide * fine)), max(1, round(high * fine))
        look = look_of(self.entry, self.raster)
        if self.entry.kind == "dem" and isinstance(look, Ramp):
            content = relief(self.raster, view.crs, view.box, size, look)
        else:
            content = picture(self.raster, view.crs, view.box, size, look)
        data = f"data:image/png;base64,{b64encode(content).decode()}"
        return el("image", href=data, x=left, y=top, width=wide, height=high, opacity=OPACITY,
                  preserveAspectRatio="none", id="underlay")  # fmt: skip

    def legend(self, area: str, lang: Lang) -> list[tuple[str, str]]:
        """Return the swatch and the words of its classes, or of its range.

        Parameters
        ----------
        area : str
            Path data of a swatch.
        """
        look, title = look_of(self.entry, self.raster), self.entry.title.to(lang)
        if isinstance(look, Ramp):
            stops = [
                el("stop", offset=f"{at / (len(look.colours) - 1):.3f}", stop_color=_hex(colour))
                for at, colour in enumerate(look.colours)
            ]
            paint = el("linearGradient", *stops, id="underlay-ramp")
            swatch = paint + el("path", d=area, fill="url(#underlay-ramp)", fill_opacity=OPACITY)
            return [(swatch, f"{title} {look.low:.4g}–{look.high:.4g} {self.entry.unit or ''}")]
        return [
            (
                el("path", d=area, fill=_hex(colour), fill_opacity=OPACITY),
                f"{title}: {self.entry.categories[int(value)].to(lang)}",
            )
            for value, colour in zip(look.values, look.colours, strict=True)
        ]


def _hex(colour: NDArray[Any]) -> str:
    return "#" + "".join(f"{round(float(part)):02X}" for part in colour)
