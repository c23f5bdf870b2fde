"""The matrix of conflicts as it is read: projects down, layers across."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.i18n import phrase, phrases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Lang, Table

_PROJECT = ["project_layer", "project_id"]


def grid(table: Table, lang: Lang, titles: Mapping[str, str]) -> pd.DataFrame:
    """Return table F with a row for each project and a column for each layer, totals last.

    A cell says count and worst severity, length and area with each place once, behind them in
    brackets the sum over the pairs where it differs, how much was not checked, and the numbers.
    """
    words, total = phrases(lang), phrases(lang)["table.total"]
    layers = _layers(table)
    names = [total if one is None else _title(one, titles) for one in layers]
    rows = []
    for key, cells in _projects(table):
        by_layer = {_none(row["layer"]): row for row in cells.to_dict("records")}
        project = cells["project" if lang == "zh" else "project_en"].iloc[0]
        told = [_cell(by_layer[one], lang, words) if one in by_layer else None for one in layers]
        rows.append([total if key[1] is None else project, *told])
    return pd.DataFrame(rows, columns=[words["head.project"], *names], dtype=object)


def links(table: Table, first_rows: Mapping[str, int]) -> list[list[int | None]]:
    """Return for each cell of the grid the row of sheet A that its first number stands in."""
    layers, goals = _layers(table), []
    for _, cells in _projects(table):
        by_layer = {_none(row["layer"]): row for row in cells.to_dict("records")}
        lead_to = [_first(by_layer.get(one), first_rows) for one in layers]
        goals.append([None, *lead_to])
    return goals


def _layers(table: Table) -> list[str | None]:
    there = [one for one in dict.fromkeys(map(_none, table.rows["layer"])) if one is not None]
    return [*there, None]


def _projects(table: Table) -> list[tuple[tuple[Any, Any], pd.DataFrame]]:
    keys = [tuple(map(_none, key)) for key in table.rows[_PROJECT].itertuples(index=False)]
    return [(key, table.rows[[one == key for one in keys]]) for key in dict.fromkeys(keys)]


def _cell(row: Any, lang: Lang, words: Mapping[str, str]) -> str:
    lines = []
    if row["conflict_count"]:
        severity = words[f"severity.{row['worst']}"]
        count = row["conflict_count"]
        lines.append(phrase("cell.conflicts", lang, count=count, severity=severity))
    for name, end, places in (("length", "m", 1), ("area", "hm2", 4)):
        union, gross = row[f"{name}_union_{end}"], row[f"{name}_gross_{end}"]
        if not pd.isna(union):
            once, summed = f"{union:.{places}f}", f"{gross:.{places}f}"
            key = f"cell.{name}" if once == summed else f"cell.{name}_twice"
            lines.append(phrase(key, lang, once=once, summed=summed))
    if row["unchecked_count"]:
        lines.append(phrase("cell.unchecked", lang, count=row["unchecked_count"]))
    if row["numbers"]:
        lines.append(runs(row["numbers"].split(";")))
    return "\n".join(lines)


def runs(numbers: list[str]) -> str:
    """Return numbers with those that follow each other drawn together.

    Examples
    --------
    >>> runs(["C01", "C02", "C03", "C07", "C09", "C10"])
    'C01–C03, C07, C09, C10'
    """
    groups: list[list[str]] = []
    for number in numbers:
        if groups and int(number[1:]) == int(groups[-1][-1][1:]) + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ", ".join(f"{one[0]}–{one[-1]}" if len(one) > 2 else ", ".join(one) for one in groups)


def _first(row: Any, first_rows: Mapping[str, int]) -> int | None:
    if row is None:
        return None
    for name in ("numbers", "unchecked_numbers"):
        if row[name]:
            return first_rows.get(row[name].split(";")[0])
    return None


def _title(layer_ids: str, titles: Mapping[str, str]) -> str:
    return "、".join(titles.get(one, one) for one in layer_ids.split(", "))


def _none(value: Any) -> Any:
    return None if pd.isna(value) else value
