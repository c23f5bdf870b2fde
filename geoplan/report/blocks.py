"""What a report is made of, whatever it is written as: headings, paragraphs, tables, figures.

A block says what stands there and never how it looks: DOCX and PDF are two ways to set the same
list, so that their words, figures and numbers cannot differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoplan.model import Lang

Kind = Literal["text", "number", "blank"]
"""What the cells of a column are: words, figures (set to the right), or left for a pen."""

Chapter = Literal["cover", "conclusion", "basis", "tables", "findings", "unchecked", "run", "annex"]


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 opens a chapter. Its number stands in its text."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text; ``strong`` is what a reader has to see first."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Note:
    """A remark in small print: a limit, a sum that closes or does not, a source."""

    text: str


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, what it holds, and its share of the width."""

    head: str
    kind: Kind = "text"
    width: float = 10.0


@dataclass(frozen=True)
class Grid:
    """A table: every cell is text already.

    Attributes
    ----------
    caption : str
        With its number, such as ``表 3 …``; empty for a list of facts without a caption.
    strong : frozenset of int
        Rows that are totals.
    wide : bool
        Whether it needs a page on its side.
    facts : bool
        Whether it is a list of facts, two columns without heads.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()
    wide: bool = False
    facts: bool = False


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption, and in words what it shows.

    Attributes
    ----------
    svg : str
        The drawing.
    width_mm, height_mm : float
        How large it is on paper.
    told : str
        What stands for it where it cannot be seen.
    """

    caption: str
    svg: str
    width_mm: float
    height_mm: float
    told: str
    png: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Cover:
    """The first page: title, what it is of, and facts one a line."""

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    note: str


Block = Heading | Paragraph | Note | Grid | Figure | Cover


@dataclass(frozen=True)
class Part:
    """A report in one language: its chapters in order."""

    lang: Lang
    chapters: tuple[tuple[Chapter, tuple[Block, ...]], ...]

    def blocks(self) -> list[Block]:
        """Return all blocks in order."""
        return [block for _, blocks in self.chapters for block in blocks]


@dataclass(frozen=True)
class Manuscript:
    """A report that is ready to be set, in one language or two.

    Attributes
    ----------
    facts : dict
        What a template may ask for by name, such as ``code`` and ``date``.
    """

    title: str
    subject: str
    parts: tuple[Part, ...]
    facts: dict[str, str]


class Counting:
    """Numbers of tables and figures, from 1 on, in the order in which they are asked for."""

    def __init__(self, words: dict[str, str]) -> None:
        self._words, self._at = words, {"table": 0, "figure": 0}

    def __call__(self, what: Literal["table", "figure"], caption: str) -> str:
        """Return a caption with the next number before it."""
        self._at[what] += 1
        return f"{self._words[what]} {self._at[what]}  {caption}"


def columns(heads: Sequence[str], kinds: Sequence[Kind], widths: Sequence[float]) -> Any:
    """Return columns of heads, kinds and widths side by side."""
    return tuple(Column(*one) for one in zip(heads, kinds, widths, strict=True))


def on_side(blocks: Sequence[Block]) -> list[bool]:
    """Tell which blocks stand on pages on their side: wide tables, and what belongs to them.

    A heading is not left alone on the page before its table, nor a note on the page behind.
    """
    sides = [isinstance(block, Grid) and block.wide for block in blocks]
    for at in range(len(blocks) - 2, -1, -1):
        sides[at] |= sides[at + 1] and isinstance(blocks[at], Heading | Paragraph | Note)
    for at in range(1, len(blocks)):
        sides[at] |= sides[at - 1] and isinstance(blocks[at], Note)
    return sides


def kept_together(blocks: Sequence[Block]) -> list[int]:
    """Return the group of each block, -1 where it has none: no page parts a group.

    It is a heading of level 2 with its words, figure and facts: a finding is read at a glance.
    """
    groups, group, inside = [], -1, False
    for block in blocks:
        if isinstance(block, Heading):
            inside = block.level == 2
            group += 1 if inside else 0
        elif isinstance(block, Grid) and not block.facts:
            inside = False
        groups.append(group if inside else -1)
    return groups


_UNPRINTABLE = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that a document has no way to hold: those that XML does not know."""


def printable(block: Block) -> Block:
    """Return a block with a mark in place of each character that no document can hold."""
    if isinstance(block, Figure):
        return replace(block, caption=_clean(block.caption), told=_clean(block.told))
    cleaned: Block = _clean(block)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, tuple):
        return tuple(map(_clean, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{one.name: _clean(getattr(value, one.name)) for one in fields(value)}
        )
    return value
