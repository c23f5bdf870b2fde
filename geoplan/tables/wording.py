"""Sentences of the tables, in both languages: conclusion, article, procedure, measurement."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Any

from geoplan.i18n import phrase, phrases
from geoplan.rules.outcomes import HIT, UNCERTAIN
from geoplan.tables.facts import Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geoplan.model import Lang
    from geoplan.tables.facts import Facts

    Rows = Sequence[Mapping[Any, Any]]
    """Findings that go by one number, the worst first."""

HECTARE_M2 = 10_000.0
_COMMA = {"zh": "，", "en": ", "}
_SEMICOLON = {"zh": "；", "en": "; "}


def joined(texts: Iterable[str | None], lang: Lang) -> str | None:
    """Return texts one after the other, each once; None where there is none."""
    return _SEMICOLON[lang].join(dict.fromkeys(text for text in texts if text)) or None


def basis(findings: Rows) -> Told:
    """Return laws and articles, and how far each was read; of a planning indicator, that."""
    return _both(findings, lambda row, lang: _basis(row, lang))


def conclusion(findings: Rows, facts: Facts) -> Told:
    """Return what follows from findings that go by one number."""
    first = findings[0]
    told = []
    for lang in _LANGS:
        words = phrases(lang)
        severity = words[f"severity.{first['severity']}"]
        if first["outcome"] == HIT:
            told.append(severity)
            continue
        reasons = joined((_reason(row, facts, lang) for row in findings), lang)
        key = "uncertain" if first["outcome"] == UNCERTAIN else "not_checked"
        told.append(phrase(f"table.{key}", lang, severity=severity, reasons=reasons))
    return Told(*told)


def procedure(findings: Rows) -> Told:
    """Return what the law says is to be done, and who yields."""
    return _both(findings, _procedure)


def measurement(findings: Rows) -> Told:
    """Return measured value, threshold, ± and the line that was measured from."""
    return _both(findings, _measurement)


def reason(row: Any, facts: Facts) -> Told:
    """Return why a finding is not certain, with the field that is empty or the kind not there."""
    return Told(*(_reason(row, facts, lang) for lang in _LANGS))


_LANGS: tuple[Lang, Lang] = ("zh", "en")


def _both(findings: Rows, told: Any) -> Told:
    return Told(*(joined((told(row, lang) for row in findings), lang) for lang in _LANGS))


def _of(row: Any, name: str, lang: Lang) -> str | None:
    value = row[name if lang == "zh" else f"{name}_en"]
    return value if isinstance(value, str) else None


def _basis(row: Any, lang: Lang) -> str:
    law = _of(row, "law", lang)
    if law is None:
        return phrase("table.indicator", lang, rule=row["rule_id"], title=_of(row, "title", lang))
    confidence = phrases(lang)[f"confidence.{row['confidence']}"]
    article = "" if row["article"] in (None, "-") else row["article"]
    key = "table.basis" if article else "table.basis_whole"
    return phrase(key, lang, law=law, article=article, confidence=confidence)


def _reason(row: Any, facts: Facts, lang: Lang) -> str | None:
    if not isinstance(row["reason"], str):
        return None
    told = phrases(lang)[f"reason.{row['reason']}"]
    if not isinstance(row["field"], str):
        return told
    field = facts.field(row["field"], row["subject_layer"], row["object_layer"])
    return phrase("table.reason", lang, reason=told, field=field.zh if lang == "zh" else field.en)


def _procedure(row: Any, lang: Lang) -> str | None:
    party = row["duty_party"]
    words = [_of(row, "duty", lang)]
    if isinstance(party, str):
        words.append(phrases(lang)[f"duty_party.{party}"])
    return joined(words, lang)


def _measurement(row: Any, lang: Lang) -> str | None:
    if row["measured"] != row["measured"]:
        return None  # a threshold alone measures nothing
    parts = [
        phrase(f"table.{name}", lang, value=_figure(row, name))
        for name in ("measured", "threshold", "pm")
        if row[name] == row[name]
    ]
    if isinstance(row["line"], str):
        parts.append(phrase("table.line", lang, line=phrases(lang)[f"line.{row['line']}"]))
    return _COMMA[lang].join(parts)


_UNITS: dict[str, tuple[float, int, str]] = {
    "m²": (1 / HECTARE_M2, 4, " hm²"),
    "1": (100.0, 1, "%"),
}
"""Factor, most decimals and sign of a unit as it is printed; others stay as they are."""

_MOST = 12


def _figure(row: Any, name: str) -> str:
    """Write a figure as far as its ± allows: to the second figure of the ±, a threshold as it is.

    It is never rounded so far that it seems to be the threshold, which it is not.
    """
    value, limit, unit = row[name], row["threshold"], row["unit"]
    factor, most, _ = _UNITS.get(str(unit), (1.0, 1, ""))
    places = most
    if name != "threshold" and row["pm"] > 0:
        places = min(most, 1 - floor(log10(row["pm"] * factor)))
    differs = name == "measured" and limit == limit and limit != value
    while differs and places < _MOST and _at(value, unit, places) == _at(limit, unit, places):
        places += 1
    return _at(value, unit, places)


def _at(value: float, unit: str | None, places: int) -> str:
    factor, _, sign = _UNITS.get(str(unit), (1.0, 1, f" {unit or ''}"))
    return f"{round(value * factor, places):.{max(0, places)}f}{sign}".rstrip()
