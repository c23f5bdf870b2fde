"""How a place along a route is written: K12+345.678, in and out of text."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pandas as pd

from geoplan.errors import ChainageInvalid

DECIMALS = 3
"""Decimals of a computed chainage: millimetres."""

_FORM = re.compile(
    r"(?P<prefix>[左右改]?(?:[A-Z][A-Z0-9]*)?K)?"
    r"(?P<km>[0-9]{1,6})\+(?P<metres>[0-9]+)(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?:\[(?P<segment>[^\[\]]+)\])?"
)
_NEGATIVE = re.compile(r"^[-−]|K[-−]|[0-9][-−][0-9]|\+[-−]")


@dataclass(frozen=True)
class Chainage:
    """A place along a route, as its design counts it.

    Attributes
    ----------
    value_m : float
        Metres from the origin, as many as are written: K12+345.678 is 12 345.678.
    prefix : str
        The letters before the kilometres, the K included; empty when none were written.
    segment : str or None
        The label of the stretch between two chainage equations that is meant; None where the
        value occurs once, or where it was not said.
    decimals : int
        How many are written. Two chainages that differ in nothing else are equal.
    kilometre : int or None
        The kilometre that a long chain counts on from: 12 for K12+1050.

    Examples
    --------
    >>> str(Chainage(12345.6, "DK"))
    'DK12+345.600'
    >>> str(Chainage(13020.0, "K", segment="1", decimals=0))
    'K13+020 [1]'
    """

    value_m: float
    prefix: str = "K"
    segment: str | None = None
    decimals: int = field(default=DECIMALS, compare=False)
    kilometre: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        text = format_chainage(
            self.value_m, self.prefix, decimals=self.decimals, kilometre=self.kilometre
        )
        return text if self.segment is None else f"{text} [{self.segment}]"


def parse_chainage(text: Any, where: str = "") -> Chainage:
    """Read a chainage.

    Parameters
    ----------
    text : str
        ``K12+345.678``: letters that end in K (any, or none; 左, 右 or 改 may stand before
        them), kilometres, a plus sign, metres. Full-width signs, spaces and lower case are put
        right; Roman numerals become letters. ``[label]`` behind it names the stretch between
        two chainage equations. Metres of a thousand and more count on in a long chain.
    where : str
        What the text was found in, for messages.

    Raises
    ------
    ChainageInvalid
        The text is anything else, or lies before its origin.

    Examples
    --------
    >>> parse_chainage("dk 3＋765")
    Chainage(value_m=3765.0, prefix='DK', segment=None, decimals=0, kilometre=None)
    >>> str(parse_chainage("ZK0+000.50 [after]"))
    'ZK0+000.50 [after]'
    """
    if not isinstance(text, str):
        raise ChainageInvalid(_refusal(text, where, "it is not text"))
    label = re.search(r"\[(.*)\]\s*$", text)
    plain = text if label is None else text[: label.start()]
    if re.search(r"\d\s+\d", plain):
        raise ChainageInvalid(_refusal(text, where, "a space parts its digits"))
    plain = "".join(unicodedata.normalize("NFKC", plain).split()).upper()
    if _NEGATIVE.search(plain):
        raise ChainageInvalid(
            _refusal(text, where, "it lies before its origin, and chainage is counted forward")
        )
    found = _FORM.fullmatch(plain)
    if found is None or (label is not None and not label[1].strip()):
        raise ChainageInvalid(_refusal(text, where, _why_not(plain)))
    fraction = found["fraction"] or ""
    metres = Decimal(f"{found['metres']}.{fraction or 0}")
    return Chainage(
        value_m=float(1000 * int(found["km"]) + metres),
        prefix=found["prefix"] or "",
        segment=None if label is None else label[1].strip(),
        decimals=len(fraction),
        kilometre=int(found["km"]) if metres >= 1000 else None,
    )


def stated_chainage(value: Any, where: str) -> Chainage | None:
    """Return the chainage in a cell of a table; None for a null or an empty text."""
    if pd.isna(value) or (isinstance(value, str) and not value.strip()):
        return None
    return parse_chainage(value, where)


def format_chainage(
    value_m: float, prefix: str = "K", *, decimals: int = DECIMALS, kilometre: int | None = None
) -> str:
    """Write a chainage, rounded first: 12 999.9996 m is K13+000.000.

    Parameters
    ----------
    value_m : float
        Metres from the origin.
    prefix : str
        The letters, the K included.
    decimals : int
        Of the metres.
    kilometre : int, optional
        The kilometre to count on from, where a long chain has more than a thousand metres.

    Raises
    ------
    ChainageInvalid
        The value is negative or not finite, or lies before the kilometre.

    Examples
    --------
    >>> format_chainage(5165, "DK", decimals=0), format_chainage(12999.9996)
    ('DK5+165', 'K13+000.000')
    >>> format_chainage(13050.5, decimals=1, kilometre=12)
    'K12+1050.5'
    """
    if not math.isfinite(value_m):
        raise ChainageInvalid(f"{value_m} m is no place along a route: give a finite number")
    scale = 10**decimals
    units = round(Decimal(repr(float(value_m))) * scale)
    whole_km = units // (1000 * scale) if kilometre is None else kilometre
    rest = units - whole_km * 1000 * scale
    if units < 0 or rest < 0:
        raise ChainageInvalid(
            f"{value_m:g} m cannot be written as a chainage: it lies before its origin, and "
            f"chainage is counted forward"
        )
    whole, fraction = divmod(rest, scale)
    tail = f".{fraction:0{decimals}d}" if decimals else ""
    return f"{prefix}{whole_km}+{whole:03d}{tail}"


def _refusal(text: Any, where: str, why: str) -> str:
    place = f"{where}: " if where else ""
    return f"{place}{text!r} is no chainage: {why}; write it as K12+345.678"


def _why_not(plain: str) -> str:
    if not plain:
        return "it is empty"
    if "+" not in plain:
        return "there is no + between the kilometres and the metres"
    letters = re.match(r"\D*", plain.partition("+")[0])
    if letters and letters[0] and not letters[0].endswith("K"):
        return f"the letters before the kilometres, {letters[0]}, do not end in K"
    return "before the + belong letters ending in K and whole kilometres, behind it metres"
