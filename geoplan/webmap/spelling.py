"""Chinese names as they are typed without Chinese: by the initials of their syllables, or whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from geopandas import GeoDataFrame

    from geoplan.model import Layer

_ALIAS = "name_alias"

_FEW = 5_000
"""Names of which each is read as a whole; of more, each character has its commonest reading."""


def searched(layer: Layer, features: GeoDataFrame) -> dict[str, pd.Series]:
    """Return columns to search beside the attributes: Chinese names and other names, spelled."""
    named = [name for name in (layer.name_column, _ALIAS) if name in features.columns]
    found = {f"{name}:spelled": spelled(features[name]) for name in named}
    return {name: column for name, column in found.items() if column is not None}


def spelled(names: pd.Series) -> pd.Series | None:
    """Return initials and syllables of Chinese names.

    Parameters
    ----------
    names : Series
        Names in any script; nulls stay null.

    Returns
    -------
    Series or None
        Such as "qs qianshan" for "千山"; null for what holds no Chinese. None when no name does.
    """
    different = [name for name in names.dropna().unique() if isinstance(name, str)]
    chinese = [name for name in different if any(map(_is_chinese, name))]
    if not chinese:
        return None
    known = _by_name(chinese) if len(chinese) <= _FEW else _by_character(chinese)
    return names.map(known)


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or character >= "\U00020000"


def _by_name(names: Iterable[str]) -> dict[str, str]:
    """Read each name as a whole: 重 is chóng in 重庆 and zhòng in 重点."""
    from pypinyin import lazy_pinyin  # its dictionary takes time to load

    found = {}
    for name in names:
        # it takes a list as well, which its types do not say
        parts = lazy_pinyin(name, errors=_letter_by_letter)  # type: ignore[arg-type]
        found[name] = _written([part.lower() for part in parts])
    return found


def _by_character(names: Iterable[str]) -> dict[str, str]:
    from pypinyin import lazy_pinyin

    readings: Mapping[str, str] = {
        character: lazy_pinyin(character)[0].lower() for character in set("".join(names))
    }
    return {name: _written([readings[character] for character in name]) for name in names}


def _letter_by_letter(other: str) -> list[str]:
    """Keep what is not Chinese, each letter a syllable of its own."""
    return list(other)


def _written(syllables: list[str]) -> str:
    spoken = [one for one in syllables if not one.isspace()]
    return f"{''.join(one[0] for one in spoken)} {''.join(spoken)}"
