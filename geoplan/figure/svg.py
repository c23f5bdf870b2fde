"""Writes SVG: elements as text, every value escaped."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has no way to write."""


def el(tag: str, *inner: str, **attributes: object) -> str:
    """Return an element; an underscore in a name is a hyphen, None leaves an attribute out.

    Examples
    --------
    >>> el("path", d="M0 0", stroke_width=1.5, fill=None)
    '<path d="M0 0" stroke-width="1.5"/>'
    """
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(number(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{said}>{''.join(inner)}</{tag}>" if inner else f"<{tag}{said}/>"


def escaped(text: str) -> str:
    """Return a text as it may stand in a document."""
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))


def number(value: object) -> str:
    """Write a number short; leave anything else as it is."""
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def group(inner: Iterable[str], **attributes: object) -> str:
    """Return a group, or nothing where it would be empty."""
    parts = [one for one in inner if one]
    return el("g", *parts, **attributes) if parts else ""


def rect(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """Return a rectangle."""
    return el("rect", x=x, y=y, width=width, height=height, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    """Return a line."""
    return el("path", d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", **attributes)
