"""The findings of a check as the page needs them: rows to draw, and counts of the rest.

Every figure is the check's own; texts and law come from the rules it was made by. What was not
checked is counted for each reason and rule, for there may be as many as pairs of features.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from geoplan.model import Lang, Text
from geoplan.rules import wording
from geoplan.schema import schemas
from geoplan.webmap.values import both, plain, shapes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from geopandas import GeoDataFrame

    from geoplan.model import Result
    from geoplan.rules.model import Basis, Rule

PHRASES = ("finding.", "severity.", "confidence.", "reason.", "duty_party.", "line.", "outcome.")
"""Beginnings of the phrases that only a page with findings needs."""

_SHOWN = ("hit", "uncertain")
_OF_ROW = (
    "finding_id", "outcome", "rule_id", "subject_layer", "subject_id", "subject_name",
    "subject_name_en", "object_layer", "object_id", "object_name", "object_name_en", "measure",
    "measured", "threshold", "margin", "pm", "unit", "uncertainty_m", "reason", "field", "line",
    "line_basis", "half_width_m", "shared_area_m2", "shared_length_m", "chainage_from",
    "chainage_to", "duty_party",
)  # fmt: skip
"""What differs from finding to finding of one rule; an empty cell is left out."""


def check_payload(
    check: Result, rules: Mapping[str, Rule], numbers: Mapping[str, str]
) -> dict[str, Any]:
    """Return a check as JSON-able values."""
    found = check.features
    shown = found["outcome"].isin(_SHOWN).to_numpy()
    tally = _tally(check.parts)
    named = dict.fromkeys([*found["rule_id"], *tally])
    run = check.run
    return {
        "rows": _rows(found[shown], numbers),
        "not_checked": _not_checked(found[~shown], rules),
        "tally": [{"rule_id": rule_id, **counts} for rule_id, counts in tally.items()],
        "rules": {rule_id: _rule(rules[rule_id]) for rule_id in named},
        "totals": {name: plain(value) for name, value in check.totals.items()},
        "run": {name: plain(getattr(run, name, None)) for name in ("code", "expires", "law_of")},
        "packs": list(getattr(run, "packs", ())),
    }


def _rows(found: GeoDataFrame, numbers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return hits and doubts by the numbers that they have in every table and report."""
    order = sorted(range(len(found)), key=lambda at: _place(numbers[found["finding_id"].iloc[at]]))
    found = found.iloc[order]
    shapes, anchors = shapes_of(found)
    table = found[list(_OF_ROW)]
    rows = []
    cells = table.itertuples(index=False, name=None)
    for row, shape, anchor in zip(cells, shapes, anchors, strict=True):
        told = {name: plain(cell) for name, cell in zip(_OF_ROW, row, strict=True)}
        filled = {name: cell for name, cell in told.items() if cell is not None}
        number = numbers[str(told["finding_id"])]
        rows.append({"number": number, **filled, "shape": shape, "anchor": anchor})
    return rows


def _place(number: str) -> tuple[int, str]:
    """Order C99 before C100."""
    return len(number), number


def _tally(parts: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return the counts of pairs of each rule, over all pairs of layers."""
    sums: dict[str, Counter[str]] = {}
    for part in parts:
        counts = {name: int(part[f"{name}_count"]) for name in (*_SHOWN, "clear", "not_checked")}
        sums.setdefault(part["rule_id"], Counter()).update(counts)
    return {rule_id: dict(counts) for rule_id, counts in sums.items()}


def _not_checked(found: GeoDataFrame, rules: Mapping[str, Rule]) -> list[dict[str, Any]]:
    """Count what was not checked for each reason, for what is missing, and for each rule."""
    columns = found[["reason", "field", "rule_id"]].itertuples(index=False, name=None)
    counts = Counter((plain(reason), plain(field), rule_id) for reason, field, rule_id in columns)
    return [
        {
            "reason": reason,
            "missing": None if field is None else both(_missing(str(field), rules[rule_id])),
            "rule_id": rule_id,
            "count": count,
        }
        for (reason, field, rule_id), count in counts.items()
    ]


def _missing(field: str, rule: Rule) -> Text:
    """Return what a layer, or one of its columns, that is missing is called."""
    if field in (rule.object, rule.subject):
        return _text(lambda lang: wording.kind_in_words(field, lang))
    side, _, name = field.rpartition(".")
    kinds = {"subject": (rule.subject,), "object": (rule.object,)}
    asked = kinds.get(side, (rule.object, rule.subject))
    known = (kind for kind in asked if kind in schemas() and schemas()[kind].field(name))
    kind = next(known, asked[0])
    return _text(
        lambda lang: ": ".join(
            [wording.kind_in_words(kind, lang), wording.field_in_words(kind, name, lang)]
        )
    )


def _rule(rule: Rule) -> dict[str, Any]:
    told = {
        "title": both(rule.title),
        "meaning": both(rule.meaning),
        "severity": rule.severity,
        "demand": both(_text(lambda lang: wording.demand_in_words(rule.demand, lang))),
        "activity": both(rule.activity),
        "duty": both(rule.duty),
        **({} if rule.basis is None else _basis(rule.basis)),
    }
    return {name: value for name, value in told.items() if value is not None}


def _basis(basis: Basis) -> dict[str, Any]:
    return {
        "law": both(basis.law),
        "article": basis.article,
        "confidence": basis.confidence,
        "in_force": both(_text(lambda lang: wording.date_in_words(basis.in_force, lang))),
        "repealed": both(_text(lambda lang: wording.date_in_words(basis.repealed, lang))),
        "source_url": basis.source_url,
    }


def _text(say: Any) -> Text:
    return Text(**{lang: say(lang) for lang in get_args(Lang)})
