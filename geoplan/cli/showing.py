"""Results on a terminal: a table, JSON, or a file, and what was left out of them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from geoplan.cli.options import language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geoplan.model import Lang, Result

_IN_WORDS = ("relation", "side", "state", "chainage_basis", "structure", "binds", "decision")
"""Columns of codes that both phrase files have words for."""

_WITH_WORDS = ("reason", "severity", "confidence")
"""Columns of codes that have words of their own, by the name of the column."""

_OF_FINDINGS = (
    "outcome", "severity", "rule_id", "title", "title_en", "binds", "feature_layer", "feature_id",
    "feature_name", "feature_name_en", "measured", "threshold", "pm", "unit", "activity",
    "activity_en", "law", "law_en", "article", "confidence", "reason",
)  # fmt: skip
"""What a terminal has room for of a finding on a site."""

_ONLY_IN_FILES = ("_min_m2", "_max_m2", "_min_m", "_max_m", "_x", "_y")
"""Ends of columns that a terminal has no room for: the ± beside the measure says as much."""

_OF_PLACED = ("zone_area_m2", "zone_length_m", "raster_ratio", "zone_ratio")
"""Columns of zones of which at least one holds a value, unless the zone has no position."""

_STATISTIC = re.compile(r"mean|min|max|stdev|sum|median|p[0-9.]+")
"""Columns in the unit of a raster, of which nobody knows how many decimals matter."""


def show(result: Result, lang: str | None, output: Path | None, *, as_json: bool) -> None:
    """Print a result, or write it, and say what it does not cover."""
    from geoplan.export import result_document, write_result
    from geoplan.i18n import phrase

    chosen = language(lang)
    if output is not None:
        write_result(result, output)
    if as_json:
        typer.echo(json.dumps(result_document(result), ensure_ascii=False))
        return
    _print_table(result, chosen)
    for item in result.left_out:
        layers_in_words = " × ".join(item.layers)
        note = phrase(f"left_out.{item.reason}", chosen, layers=layers_in_words, count=item.count)
        typer.echo(note, err=True)
        for why in item.why:
            typer.echo(f"  {printable(why)}", err=True)
    if output is not None:
        typer.echo(phrase("cli.written", chosen, path=output, count=len(result.features)), err=True)


def show_parts(result: Result, lang: str | None) -> None:
    """Print what is to be said of each layer as a whole, of each raster, and of rules."""
    layers = [part for part in result.parts if "layer" in part]
    rasters = [part for part in result.parts if "raster" in part]
    classes = [
        {"raster": part["raster"], **one} for part in rasters for one in part.get("classes", ())
    ]
    findings = [
        {name: part[name] for name in _OF_FINDINGS} for part in result.parts if "rule_id" in part
    ]
    unchecked = [part for part in result.parts if {"rule_ids", "packs"} & set(part)]
    tables: list[Sequence[Mapping[str, Any]]] = [layers, rasters, classes, findings, unchecked]
    for rows in tables:
        if rows:
            _print_rows(result, rows, language(lang))


def _print_rows(result: Result, rows: Sequence[Mapping[str, Any]], lang: Lang) -> None:
    from dataclasses import replace

    import pandas as pd

    table = pd.DataFrame(rows).drop(columns=["nearest_id", "classes"], errors="ignore")
    coded = {name: object for name in ("reason",) if name in table}
    _print_table(replace(result, features=table.astype(coded)), lang)


def show_tables(result: Result, lang: str | None) -> None:
    """Print the tables of a result as reports have them, under their titles."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from geoplan.readable import decimals, readable, title_of

    chosen = language(lang)
    titles = {layer.id: layer.title.to(chosen) for layer in result.sources}
    width = None if sys.stdout.isatty() else 400
    for made in result.tables:
        shown, places = readable(made, chosen, titles), [decimals(one) for one in made.printed]
        filled = [at for at, name in enumerate(shown.columns) if shown[name].notna().any()]
        table = Table(title=title_of(made, chosen), title_justify="left", header_style="bold")
        for at in filled:
            justify = "left" if places[at] is None else "right"
            table.add_column(str(shown.columns[at]), justify=justify)  # type: ignore[arg-type]
        for row in shown.itertuples(index=False, name=None):
            cells = (_printed(row[at], places[at]) for at in filled)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        Console(width=width, highlight=False).print(table)


def _printed(value: Any, places: int | None) -> str:
    if value is None:
        return "–"
    return str(value) if places is None else f"{value:,.{places}f}"


def _print_table(result: Result, lang: Lang) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from geoplan.i18n import phrases

    words = phrases(lang)
    shown = _columns_in(result, lang)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        number = result.features[name].dtype.kind in "fi"
        heading = words.get(f"column.{name}", name)  # percentiles have no other name
        table.add_column(heading, justify="right" if number else "left")
    titles = {layer.id: layer.title.to(lang) for layer in result.sources}
    titles |= {raster.id: raster.title.to(lang) for raster in result.rasters}
    features = result.features
    sizes = [name for name in _OF_PLACED if name in features]
    # zones without a position stand in the notes, by layer; what has a verdict is always shown
    if sizes and "outcome" not in features:
        features = features[features[sizes].notna().any(axis=1)]
    for row in features[shown].itertuples(index=False):
        cells = (_cell(name, value, titles, words) for name, value in zip(shown, row, strict=True))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    # a pipe has no width: give the table all it wants rather than cut Chinese names
    width = None if sys.stdout.isatty() else 400
    Console(width=width, highlight=False).print(table)


def _columns_in(result: Result, lang: Lang) -> list[str]:
    """Return the columns to print: names in one language, no geometry, none that is all null."""
    names = [name for name in result.features.columns if name not in ("geometry", "line_means")]
    other = {f"{name}_en" for name in names}
    if lang == "zh":
        names = [name for name in names if name not in other]
    else:
        names = [name for name in names if f"{name}_en" not in names]
    names = [name for name in names if not name.endswith(_ONLY_IN_FILES)]
    features = result.features
    # a count of what was left out is shown where there is any
    silent = [name for name in names if name == "small_gap_count" and not features[name].any()]
    return [
        name
        for name in names
        if name not in silent and (not len(features) or features[name].notna().any())
    ]


def _cell(name: str, value: Any, titles: dict[str, str], words: dict[str, str]) -> str:
    from pandas import isna

    if isna(value):
        return "–"
    if name.endswith("_layer") or name in ("by", "layer", "raster"):
        return "、".join(titles.get(layer, layer) for layer in value.split(", "))
    if name in _WITH_WORDS:
        return words.get(f"{name}.{value}", str(value))
    if name == "outcome":
        return words[f"outcome.{value}"]
    if name == "worse_since_decision":
        return "、".join(words[f"column.{one}"] for one in value.split(";"))
    if name in _IN_WORDS:
        return "、".join(words.get(f"value.{one}", one) for one in str(value).split(";"))
    if name.endswith("_ratio"):
        return f"{value:.2%}"
    if name.endswith(("_count", "_touched", "_unlocated")):
        return f"{value:,.0f}"
    if isinstance(value, float):
        return f"{value:,.6g}" if _STATISTIC.fullmatch(name) else f"{value:,.1f}"
    return str(value)


def printable(text: str) -> str:
    """Return a value without what would steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
