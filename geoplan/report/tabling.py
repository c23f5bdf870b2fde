"""Chapters 3, 5 and 6: the tables of the check as print holds them, with lines that close."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from geoplan.readable import decimals, readable, title_of
from geoplan.report.blocks import Block, Column, Grid, Heading, Note, Paragraph, columns
from geoplan.report.front import left
from geoplan.rules.model import Severity
from geoplan.workbook.grid import grid as matrix_grid
from geoplan.workbook.record import record

if TYPE_CHECKING:
    from geoplan.model import Table
    from geoplan.report.blocks import Counting, Kind
    from geoplan.report.content import ReportContent
    from geoplan.report.words import Say

_LEFT_TO_THE_WORKBOOK = {"A": ("row", "chainage_basis", "measurement"), "C": ("chainage_basis",)}
"""Columns that explain a figure; chapter 4 and the workbook have them."""
_KEPT = ("opinion",)
"""Columns that people fill in, printed though they are empty."""
_WIDTHS = {
    "row": 5.0, "number": 7.0, "project": 13.0, "name": 13.0, "kind_class": 12.0, "zone": 8.0,
    "authority": 10.0, "manager": 12.0, "relation": 6.5, "chainage": 14.0, "side": 6.0,
    "length_m": 10.0, "area_hm2": 10.0, "min_distance_m": 9.5, "structure": 8.0, "basis": 24.0,
    "conclusion": 14.0, "procedure": 16.0, "opinion": 11.0, "numbers": 18.0, "area": 14.0,
}  # fmt: skip


def tables(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return chapter 3."""
    blocks: list[Block] = [Heading(say("chapter.tables"))]
    for name in ("A", "B", "C"):
        table = content.table(name)
        if table is None:
            blocks += [Paragraph(say("no_land"))] if name == "B" else []
        else:
            blocks += _table(table, content, say, count)
    matrix = content.table("F")
    if matrix is not None:
        blocks += _matrix(matrix, content, say, count)
    return blocks


def _table(table: Table, content: ReportContent, say: Say, count: Counting) -> list[Block]:
    rows = table.rows
    if table.id == "A":  # what was not checked stands in chapter 5
        rows = rows[rows["outcome"] != "not_checked"].reset_index(drop=True)
    closes = _closure(table, say)
    if len(rows) == 0:
        return [Paragraph(say("no_rows", table=title_of(table, say.lang)))]
    shown = type(table)(table.id, rows.head(content.limits.rows), table.printed)
    made, empty = _printed(shown, content, say)
    caption = count("table", title_of(table, say.lang))
    blocks: list[Block] = [Grid(caption, *made, strong=_totals(shown), wide=True)]
    if empty:
        blocks.append(Note(say("left_columns", columns=say.listed(empty))))
    return [*blocks, *_left(table, rows, content, say), *closes]


def _printed(
    table: Table, content: ReportContent, say: Say
) -> tuple[tuple[tuple[Column, ...], tuple[tuple[str, ...], ...]], list[str]]:
    """Return columns and rows, and the heads of columns that nothing stands in."""
    shown = readable(table, say.lang, content.titles(say.lang))
    cells: list[tuple[Column, list[str]]] = []
    empty = []
    for name, head in zip(table.printed, shown.columns, strict=True):
        if name in _LEFT_TO_THE_WORKBOOK.get(table.id, ()):
            continue
        places = decimals(name)
        texts = [say.cell(value, places) for value in shown[head]]
        if not any(texts) and name not in _KEPT:
            empty.append(str(head))
            continue
        kind = "number" if places is not None else "blank" if name in _KEPT else "text"
        cells.append((Column(str(head), kind, _WIDTHS.get(name, 10.0)), texts))  # type: ignore[arg-type]
    rows = tuple(zip(*(texts for _, texts in cells), strict=True))
    return (tuple(column for column, _ in cells), rows), empty


def _totals(table: Table) -> frozenset[int]:
    if table.id != "B":
        return frozenset()
    last = "area_id" if table.rows["area_id"].notna().any() else "project_id"
    return frozenset(at for at, one in enumerate(table.rows[last].isna()) if one)


def _left(table: Table, rows: Any, content: ReportContent, say: Say) -> list[Block]:
    most = content.limits.rows
    if table.id != "A" or len(rows) <= most:
        return left(len(rows), most, say)
    by = Counter(rows["severity"].iloc[most:])
    told = [f"{say.code('severity', one)} {by[one]}" for one in get_args(Severity) if by[one]]
    values = {"shown": most, "all": len(rows), "left": len(rows) - most, "by": say.listed(told)}
    return [Note(say("left_rows", **values))]


def _closure(table: Table, say: Say) -> list[Block]:
    if table.id == "B":
        closed = int((table.rows["closes"] == True).sum())  # noqa: E712 - an object column
        return [Note(say("closure.land", closed=closed, open=len(table.rows) - closed))]
    if table.id != "A":
        return []
    conflicts = table.rows[table.rows["outcome"] != "not_checked"]
    by = Counter(conflicts["severity"])
    told = {one: by[one] for one in get_args(Severity)}
    closes = say.closes(len(conflicts) == sum(told.values()))
    return [Note(say("closure.conflicts", rows=len(conflicts), **told, closes=closes))]


def _matrix(table: Table, content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return the matrix, the gravest first: as many layers side by side as a page holds."""
    table = replace(table, rows=_gravest_first(table.rows))
    shown = matrix_grid(table, say.lang, content.titles(say.lang))
    if len(table.rows) == 0 or len(shown) == 0:
        return [Paragraph(say("no_rows", table=title_of(table, say.lang)))]
    texts = [[say.cell(one) for one in row] for row in shown.itertuples(index=False, name=None)]
    most = content.limits.rows
    every = len(texts) - 1
    if every > most:
        texts = [*texts[:most], texts[-1]]
    heads = [str(one) for one in shown.columns]
    step = content.limits.columns
    starts = range(1, len(heads), step)
    blocks: list[Block] = []
    for at, start in enumerate(starts, start=1):
        chosen = [0, *range(start, min(start + step, len(heads)))]
        title = title_of(table, say.lang)
        if len(starts) > 1:
            title = say("continued", caption=title, at=at, of=len(starts))
        made = tuple(Column(heads[i], "text", 18.0 if i == 0 else 22.0) for i in chosen)
        rows = tuple(tuple(row[i] for i in chosen) for row in texts)
        blocks.append(
            Grid(count("table", title), made, rows, frozenset({len(rows) - 1}), wide=True)
        )
    return [*blocks, *left(every, most, say), _matrix_closes(table, say)]


def _gravest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the projects of the matrix by their worst conflict, then by how many; totals last."""
    rank = {name: at for at, name in enumerate(get_args(Severity))}
    whole = rows[rows["layer"].isna()]
    keys = {
        (row["project_layer"], row["project_id"]): (
            rank.get(row["worst"], len(rank)),
            -row["conflict_count"],
        )
        for row in whole.to_dict("records")
    }
    of = list(rows[["project_layer", "project_id"]].itertuples(index=False, name=None))
    last = (len(rank) + 1, 0)
    order = [last if pd.isna(one[1]) else keys.get(one, last) for one in of]
    return rows.iloc[sorted(range(len(order)), key=order.__getitem__)]


def _matrix_closes(table: Table, say: Say) -> Block:
    rows = table.rows
    of_project = rows["project_id"].notna() & rows["layer"].notna()
    summed = int(rows.loc[of_project, "conflict_count"].sum())
    whole = rows["project_id"].isna() & rows["layer"].isna()
    lost = rows["project_id"].notna() & rows["layer"].isna()
    total = int(rows.loc[whole, "conflict_count"].sum())
    summed = max(summed, int(rows.loc[lost, "conflict_count"].sum()))
    return Note(say("closure.matrix", sum=summed, total=total, closes=say.closes(summed == total)))


def unchecked(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return chapter 5: why what was not checked, by reason and what is missing."""
    table = content.table("unchecked")
    blocks: list[Block] = [Heading(say("chapter.unchecked"))]
    if table is None or len(table.rows) == 0:
        return [*blocks, Paragraph(say("unchecked.none"))]
    blocks.append(Paragraph(say("unchecked.intro", count=len(table.rows)), strong=True))
    english = "" if say.lang == "zh" else "_en"
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for row in table.rows.to_dict("records"):
        pair = [say.cell(row[f"{side}{english}"]) for side in ("project", "name")]
        if row["subject_id"] is not None:
            pair[0] = content.titles(say.lang).get(row["subject_layer"], pair[0])
        if row["object_id"] is not None:
            pair[1] = content.titles(say.lang).get(row["object_layer"], pair[1])
        grouped.setdefault((say.cell(row[f"why{english}"]), *pair), []).append(row["rule_id"])  # type: ignore[arg-type]
    order = sorted(grouped.items(), key=lambda one: (-len(one[1]), one[0]))
    rows = [(*key, str(len(ids)), ", ".join(sorted(set(ids)))) for key, ids in order]
    heads = [say(f"head.{name}") for name in ("reason", "subject", "object", "count", "rules")]
    kinds: list[Kind] = ["text", "text", "text", "number", "text"]
    most = content.limits.rows
    made = columns(heads, kinds, [34, 22, 22, 8, 30])
    grid = Grid(count("table", say("unchecked.by")), made, tuple(rows[:most]))
    return [*blocks, grid, *left(len(rows), most, say)]


def run(content: ReportContent, say: Say, count: Counting) -> list[Block]:
    """Return chapter 6: what would have to be known to make the report again."""
    rows = tuple(
        (say.cell(what), say.cell(value)) for what, value in record(content.check, say.lang)
    )
    heads = [say.code("head", "what"), say.code("head", "value")]
    title = say.code("table", "run")
    most = content.limits.rows
    grid = Grid(count("table", title), columns(heads, ["text", "text"], [22, 78]), rows[:most])
    return [Heading(say("chapter.run")), grid, *left(len(rows), most, say)]
