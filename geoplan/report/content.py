"""What a report is written from, and how much of it is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from geoplan.model import Lang

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame

    from geoplan.model import Plan, Result, Table
    from geoplan.rules import Rule


class Drawing(NamedTuple):
    """A map for one place of a report.

    Attributes
    ----------
    png : bytes
        The same as a picture, for formats that take no SVG everywhere.
    """

    svg: str
    width_mm: float
    height_mm: float
    png: bytes = b""


Draw = Callable[[str | None, Lang, tuple[float, float]], Drawing | None]
"""Draws the finding of a number (None: the overview) in a language, to a size [mm]."""


@dataclass(frozen=True)
class Limits:
    """How much is printed; what is beyond is counted, and said to be in the workbook.

    Attributes
    ----------
    maps : int
        Findings that are told one by one, each with a map.
    rows : int
        Rows of one table.
    columns : int
        Layers side by side in the matrix; more are a second matrix below.
    """

    maps: int = 20
    rows: int = 200
    columns: int = 7


@dataclass(frozen=True)
class ReportContent:
    """All that a report is made of.

    Attributes
    ----------
    plan : Plan
    check : Result
        The answer of the process ``check`` with tables A, C and F, and B where wanted.
    rules : mapping of str to Rule
        The rules that it was checked by.
    features : mapping of str to GeoDataFrame
        Layer id → what was read, for counts and accuracies.
    draw : callable, optional
        Draws its maps; None makes a report without.
    """

    plan: Plan
    check: Result
    rules: Mapping[str, Rule]
    features: Mapping[str, GeoDataFrame]
    draw: Draw | None = None
    limits: Limits = Limits()

    def table(self, name: str) -> Table | None:
        """Return one table of the check."""
        return next((one for one in self.check.tables if one.id == name), None)

    def titles(self, lang: Lang) -> dict[str, str]:
        """Return the titles of the layers."""
        return {one.id: one.title.to(lang) for one in self.check.sources}
