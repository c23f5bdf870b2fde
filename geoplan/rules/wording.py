"""Rules in words: what is demanded, with its numbers, on which conditions, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.i18n import phrase, phrases
from geoplan.rules.model import ApprovalZone, CoverageAtLeast, NoNumericThreshold, NoOverlap, Range
from geoplan.schema import schemas
from geoplan.symbols import symbols

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Lang, Text
    from geoplan.rules.model import Demand, Scalar, Wanted, When
    from geoplan.schema import Field


def demand_in_words(demand: Demand, lang: Lang) -> str:
    """Return what a rule demands, with its numbers.

    Examples
    --------
    >>> from geoplan.rules import load_pack
    >>> demand_in_words(load_pack().rules["HWY-01"].demand, "en")
    'At least 30 m from the outer edge of its land'
    """
    key, blanks = f"demand.{demand.kind}", demand.model_dump()
    if isinstance(demand, ApprovalZone) and demand.from_m == 0:
        key += "-whole"
    elif isinstance(demand, NoOverlap) and demand.measured_from == "land_edge":
        key += "-land"
    elif isinstance(demand, CoverageAtLeast):
        key += "-near" if demand.within_m else ""
        blanks["share"] = demand.share * 100
    elif isinstance(demand, NoNumericThreshold) and demand.near_m is not None:
        key += "-near"
    said = {
        name: _number(value) if isinstance(value, float) else value
        for name, value in blanks.items()
    }
    if "measured_from" in blanks:
        said["measured_from"] = phrase(f"line.{blanks['measured_from']}", lang)
    if "beyond" in blanks:
        said["beyond"] = _list(blanks["beyond"], lang)
    return phrase(key, lang, **said)


def conditions_in_words(where: Mapping[str, Wanted], kind: str, lang: Lang) -> list[str]:
    """Return the attributes that a feature of a kind must have, one text each."""
    return [
        f"{field_in_words(kind, name, lang)}: {_wanted(where[name], kind, name, lang)}"
        for name in where
    ]


def field_in_words(kind: str, name: str, lang: Lang) -> str:
    """Return the label of a column of a kind; a column that no schema knows by its name."""
    field = _field(kind, name)
    return name if field is None else field.label.to(lang)


def kind_in_words(kind: str, lang: Lang) -> str:
    """Return what a kind of layers is called; a kind without a symbol by its name."""
    symbol = symbols().get(kind)
    return kind if symbol is None else symbol.title.to(lang)


def date_in_words(when: When, lang: Lang) -> str:
    """Return a day or a bare year and how it is known; unknown is said.

    Examples
    --------
    >>> from geoplan.rules.model import When
    >>> date_in_words(When(on=2014, confidence="memory"), "en")
    '2014 (from memory)'
    >>> date_in_words(When(), "zh")
    '不详'
    """
    if when.on is None:
        return phrase("rule.date-unknown", lang)
    known = phrases(lang)[f"confidence.{when.confidence}"]
    return phrase("rule.date", lang, on=when.on, known=known)


def _field(kind: str, name: str) -> Field | None:
    schema = schemas().get(kind)
    return None if schema is None else schema.field(name)


def _wanted(wanted: Wanted, kind: str, name: str, lang: Lang) -> str:
    field = _field(kind, name)
    if isinstance(wanted, Range):
        unit = f" {field.unit}" if field is not None and field.unit else ""
        return _range(wanted) + unit
    values = wanted if isinstance(wanted, tuple) else (wanted,)
    labels = {} if field is None else {value.code: value.label for value in field.values}
    return _list([_value(value, labels, lang) for value in values], lang)


def _value(value: Scalar, labels: Mapping[str, Text], lang: Lang) -> str:
    if isinstance(value, bool):
        return phrase("map.yes" if value else "map.no", lang)
    if isinstance(value, str):
        return labels[value].to(lang) if value in labels else value
    return _number(float(value))


def _range(wanted: Range) -> str:
    if wanted.minimum is None or wanted.maximum is None:
        end = wanted.maximum if wanted.minimum is None else wanted.minimum
        sign = "≤" if wanted.minimum is None else "≥"
        return "" if end is None else f"{sign} {_number(end)}"
    return f"{_number(wanted.minimum)}–{_number(wanted.maximum)}"


def _list(texts: list[str] | tuple[str, ...], lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(texts)


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
