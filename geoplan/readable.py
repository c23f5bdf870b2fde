"""A table in the words of one language: heads and cells as a planner reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.i18n import phrases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Lang, Table

_WORDS = {
    "relation": "value", "chainage_basis": "value", "side": "value", "structure": "value",
    "severity": "severity", "worst": "severity", "became": "value", "before": "outcome",
    "after": "outcome", "reasons": "value",
}  # fmt: skip
"""Columns of codes, and the group of phrases that has words for them."""
_LAYERS = ("layer", "left_layer", "right_layer")


def readable(table: Table, lang: Lang, titles: Mapping[str, str]) -> pd.DataFrame:
    """Return the printed columns of a table under their heads, codes in words.

    Parameters
    ----------
    table : Table
    lang : {"zh", "en"}
    titles : mapping of str to str
        Layer id → its title in that language.

    Returns
    -------
    DataFrame
        Numbers stay numbers; what is not known is None.
    """
    words = phrases(lang)
    columns = {
        _head(table, name, words): _cells(table, name, lang, titles, words)
        for name in table.printed
    }
    return pd.DataFrame(columns, dtype=object)


def title_of(table: Table, lang: Lang) -> str:
    """Return what a table is called."""
    return phrases(lang)[f"table.{table.id}"]


def decimals(name: str) -> int | None:
    """Return how many decimals a column has in print, by its unit; None for what is no number.

    Areas in hm² have four, as land reports have them.
    """
    for end, places in (("_hm2", 4), ("_m2", 2), ("_m", 1), ("_deg", 1), ("_count", 0)):
        if name.endswith(end):
            return places
    return 0 if name == "row" else None


def _head(table: Table, name: str, words: Mapping[str, str]) -> str:
    return words.get(f"head.{table.id}.{name}") or words[f"head.{name}"]


def _cells(
    table: Table, name: str, lang: Lang, titles: Mapping[str, str], words: Mapping[str, str]
) -> list[Any]:
    english = f"{name}_en"
    column = english if lang == "en" and english in table.rows else name
    values = [None if pd.isna(value) else value for value in table.rows[column]]
    total = words["table.total"]
    if name in _LAYERS:
        return [total if value is None else _titles(value, titles) for value in values]
    if name == "closes":
        told = {True: words["table.closes.yes"], False: words["table.closes.no"]}
        return [None if value is None else told[bool(value)] for value in values]
    if name in ("project", "area"):
        return [_or_total(table, at, name, value, total) for at, value in enumerate(values)]
    if name in _WORDS:
        return [_in_words(value, _WORDS[name], words) for value in values]
    return values


def _titles(layer_ids: str, titles: Mapping[str, str]) -> str:
    return "、".join(titles.get(one, one) for one in layer_ids.split(", "))


def _or_total(table: Table, at: int, name: str, value: Any, total: str) -> Any:
    """Return what a cell says; ``Total`` where the row is one of all projects, or all areas."""
    if value is not None or table.id not in ("B", "F"):
        return value
    of_all = table.rows["project_id"].iloc[at] is None or pd.isna(table.rows["project_id"].iloc[at])
    return total if name == "project" or not of_all else None


def _in_words(value: Any, group: str, words: Mapping[str, str]) -> str | None:
    if value is None:
        return None
    if str(value).endswith("Invalid"):
        return words["value.no_chainage"]  # the name of an error: the route is not in order
    return "、".join(
        words.get(f"{group}.{one}", one) for one in str(value).replace(",", ";").split(";")
    )
