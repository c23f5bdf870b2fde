"""What a map needs beside its layers: scale bar, north arrow, graticule, title block, inset."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geoplan.crs import geographic, transformer
from geoplan.figure.lettering import INK
from geoplan.figure.svg import el, group, number, rect
from geoplan.i18n import phrase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.figure.lettering import Pen
    from geoplan.figure.view import View

FAINT = "#8A939B"
_DEGREES = (1 / 60, 2 / 60, 5 / 60, 10 / 60, 0.25, 0.5, 1.0, 2.0, 5.0)


def scale_bar(view: View, x: float, y: float, room: float, pen: Pen) -> str:
    """Draw a bar of a round length, not longer than there is room [mm], and 1:N above it."""
    metres = _round_below(room * view.metres)
    long = metres / view.metres
    step = long / 4.0
    blocks = [
        rect(x + step * at, y, step, 1.2, fill=INK if at % 2 == 0 else "#FFFFFF", stroke=INK,
             stroke_width=0.15)
        for at in range(4)
    ]  # fmt: skip
    factor, unit = (1000.0, "km") if metres >= 1000 else (1.0, "m")
    marks = [
        pen.set(
            number(metres * share / factor) + (f" {unit}" if share else ""),
            x + long * share, y + 3.7, 2.2, text_anchor="middle",
        )
        for share in (0.0, 0.5, 1.0)
    ]  # fmt: skip
    said = pen.set(f"1:{spaced(view.scale)}", x, y - 1.3, 3.0, font_weight="bold")
    return group(
        [said, *blocks, *marks], id="scale-bar", data_metres=metres, data_mm=f"{long:.4f}", fill=INK
    )


def spaced(value: float) -> str:
    """Write a number with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u00a0")


def _round_below(metres: float) -> float:
    power = 10.0 ** math.floor(math.log10(metres))
    return max(step for step in (1.0, 2.0, 4.0, 5.0) if step * power <= metres) * power


def north_arrow(view: View, x: float, y: float, pen: Pen) -> str:
    """Draw an arrow to geographic north at the middle of the map; grid north is up."""
    to_degrees = transformer(view.crs.srs, geographic(view.crs).srs)
    back = transformer(geographic(view.crs).srs, view.crs.srs)
    lon, lat = to_degrees.transform(*view.centre)
    north = back.transform(lon, lat + 0.01)
    turn = math.degrees(math.atan2(north[0] - view.centre[0], north[1] - view.centre[1]))
    arrow = el("path", d="M0 -5.5L2.2 3L0 1.6z", fill=INK) + el(
        "path", d="M0 -5.5L-2.2 3L0 1.6z", fill="#FFFFFF", stroke=INK, stroke_width=0.2
    )
    letter = pen.set(
        phrase("map.north-letter", pen.lang), 0, -6.3, 3.0, text_anchor="middle", fill=INK
    )
    return el("g", letter + arrow, transform=f"translate({x} {y}) rotate({turn:.2f})", id="north")


def graticule(view: View, pen: Pen) -> tuple[str, str]:
    """Draw meridians and parallels, and what they are at the edge of the field."""
    to_degrees = transformer(view.crs.srs, geographic(view.crs).srs)
    back = transformer(geographic(view.crs).srs, view.crs.srs)
    west, south, east, north = view.box
    rim = np.array([[west, south], [west, north], [east, south], [east, north], view.centre])
    lon, lat = to_degrees.transform(rim[:, 0], rim[:, 1])
    wide = min(lon.max() - lon.min(), (lat.max() - lat.min()) * 1.3)
    step = next((one for one in _DEGREES if wide / one <= 4), 10.0)
    if wide / step < 1:
        step = _DEGREES[0]
    lines, labels = [], []
    for along_lat, values in ((False, _steps(lon, step)), (True, _steps(lat, step))):
        for value in values:
            vary = np.linspace(
                *((lon.min(), lon.max()) if along_lat else (lat.min(), lat.max())), 33
            )
            fixed = np.full(33, value)
            x, y = back.transform(*((vary, fixed) if along_lat else (fixed, vary)))
            at = view.paper(np.column_stack([x, y]))
            path = "M" + "L".join(f"{a:.2f} {b:.2f}" for a, b in at)
            lines.append(el("path", d=path))
            labels.append(_degree_label(value, at, along_lat, view, pen))
    drawn = group(lines, fill="none", stroke=FAINT, stroke_width=0.1, stroke_opacity=0.7,
                  clip_path="url(#field)", id="graticule")  # fmt: skip
    return drawn, group(labels, fill="#555D65", font_size=1.9)


def _steps(values: NDArray[np.float64], step: float) -> list[float]:
    first, last = math.ceil(values.min() / step), math.floor(values.max() / step)
    return [at * step for at in range(first, min(last, first + 40) + 1)]


def _degree_label(
    value: float, at: NDArray[np.float64], along_lat: bool, view: View, pen: Pen
) -> str:
    left, top, wide, high = view.field
    minutes = round(abs(value) * 60)
    said = f"{minutes // 60}°" + (f"{minutes % 60:02d}′")
    said += ("N" if value >= 0 else "S") if along_lat else ("E" if value >= 0 else "W")
    if along_lat:
        y = float(np.interp(left, at[:, 0], at[:, 1]))
        if not top + 6 < y < top + high - 6:
            return ""
        turn = f"rotate(-90 {left - 0.8:.2f} {y:.2f})"
        return pen.set(said, round(left - 0.8, 2), round(y, 2), 1.9, text_anchor="middle",
                       transform=turn)  # fmt: skip
    order = np.argsort(at[:, 1])
    x = float(np.interp(top, at[order, 1], at[order, 0]))
    inside = left + 8 < x < left + wide - 8
    return (
        pen.set(said, round(x, 2), round(top - 0.8, 2), 1.9, text_anchor="middle") if inside else ""
    )


def plane_note(view: View, pen: Pen) -> str:
    """Return what the sheet's coordinates are."""
    code = view.crs.to_epsg()
    said = phrase("figure.plane", pen.lang, name=view.crs.name)
    return f"{said} (EPSG:{code})" if code else said
