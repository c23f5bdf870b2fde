"""What a sheet is asked for with, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import shapely

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.model import Lang

SheetName = Literal["overview", "control-lines", "conflict", "matrix"]
SHEETS: tuple[SheetName, ...] = get_args(SheetName)

TEXT_COLUMN_MM = (160.0, 110.0)
"""A figure that is as wide as the text of an A4 page in Word with its usual margins."""

PAPERS: dict[str, tuple[float, float]] = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}
"""Width and height of a sheet in portrait [mm]."""


@dataclass(frozen=True)
class SheetSpec:
    """Which sheet is wanted.

    Attributes
    ----------
    name : {"overview", "control-lines", "conflict", "matrix"}
        The template.
    size_mm : tuple of float
        Width and height [mm].
    scale : float, optional
        N of 1:N; the largest round scale that shows everything when not given.
    finding : str, optional
        The number of the finding that a conflict sheet shows, such as ``C01``.
    extent : tuple of float, optional
        West, south, east, north [degrees], in place of the sheet's own.
    with_frame : bool
        False draws the map alone, for a small figure in a report.
    with_bar : bool
        False leaves out the scale in the corner of a map without frame.
    font : Path, optional
        A font file with Chinese characters; the one that is installed when not given.
    """

    name: SheetName = "overview"
    lang: Lang = "zh"
    size_mm: tuple[float, float] = (297.0, 210.0)
    scale: float | None = None
    finding: str | None = None
    extent: tuple[float, float, float, float] | None = None
    with_frame: bool = True
    with_bar: bool = True
    font: Path | None = None


class LabelBox(NamedTuple):
    """A label and the room that it takes on the sheet [mm], y down."""

    text: str
    corners: tuple[tuple[float, float], ...]

    @property
    def polygon(self) -> shapely.Polygon:
        """The room as a polygon."""
        return shapely.Polygon(self.corners)


@dataclass(frozen=True)
class Sheet:
    """A finished sheet.

    Attributes
    ----------
    svg : str
        The whole document.
    boxes : tuple of LabelBox
        Where labels stand.
    scale : float
        N of 1:N.
    size_mm : tuple of float
        Width and height [mm].
    fonts : tuple of Path
        The files that its text is set in.
    extent_m : tuple of float
        What the map shows in the plan's plane: west, south, east, north [m].
    field_mm : tuple of float
        Where on the sheet the map is: left, top, width, height [mm].
    """

    svg: str
    boxes: tuple[LabelBox, ...]
    scale: float
    size_mm: tuple[float, float]
    fonts: tuple[Path, ...]
    extent_m: tuple[float, float, float, float]
    field_mm: tuple[float, float, float, float]

    def _repr_svg_(self) -> str:
        """Show the sheet where notebooks and Quarto show what a cell returns."""
        return self.svg
