"""What became of findings from one check to the next, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from geoplan.rules.findings import SEVERITIES
from geoplan.rules.outcomes import HIT, NOT_CHECKED, UNCERTAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame

    from geoplan.rules.check import Check
    from geoplan.rules.model import Rule

Became = Literal["new", "cleared", "worse", "better", "unchecked", "checked"]
"""``unchecked``: a conflict that the newer check could not ask about, which is not clear;
``checked``: one that the older check could not ask about."""
Reason = Literal["geometry", "attribute", "rule", "data"]
ACCURACY = "geometry_accuracy_m"
_FIGURES = ["measured", "margin", "shared_area_m2", "shared_length_m"]
_WHICH = ["rule_id", "title", "title_en", "subject_layer", "subject_id", "subject_name",
          "subject_name_en", "object_layer", "object_id", "object_name", "object_name_en",
          "measure", "unit", "law", "law_en", "article", "confidence"]  # fmt: skip
NUMBERS = [f"{name}_{side}" for name in (*_FIGURES, "threshold") for side in ("old", "new")]
NUMBERS += [f"{name}_change" for name in _FIGURES]
COLUMNS = ["finding_id", "became", "reasons", *_WHICH, "outcome_old", "outcome_new",
           "severity_old", "severity_new", *NUMBERS]  # fmt: skip
_CONFLICT = (HIT, UNCERTAIN)
_TOLERANCE = 1e-3
"""What counts as no change of a figure [its unit]."""


def compared(
    old: Check,
    new: Check,
    changed: Mapping[str, GeoDataFrame],
    rules_old: Mapping[str, Rule],
    rules_new: Mapping[str, Rule],
) -> pd.DataFrame:
    """Compare two checks, finding by finding.

    Parameters
    ----------
    old, new : Check
        Of two versions of a plan, or by two versions of rules.
    changed : mapping of str to GeoDataFrame
        Layer id → its `geoplan.queries.changes.changes`; a layer that only one version has is
        not in it.
    rules_old, rules_new : mapping of str to Rule
        What each was checked by.

    Returns
    -------
    DataFrame
        `COLUMNS`: one row for each conflict, hit or uncertain, of either check that is not as
        it was (`Became`), worst first. ``reasons`` names, joined by commas, what of it changed
        (`Reason`): the shape of a feature or that it came or went, an attribute, the rule, or
        the data (a layer, an accuracy, what could not be asked).
    """
    then, now = _by_id(old.findings), _by_id(new.findings)
    rows = []
    for key in dict.fromkeys([*then, *now]):
        before, after = then.get(key), now.get(key)
        became = _became(before, after, old, new)
        if became is None:
            continue
        one = after if after is not None else before
        assert one is not None  # noqa: S101 - for the type: it stands in one of the two
        reasons = _reasons(one, became, changed, rules_old, rules_new)
        rows.append(_row(key, became, reasons, before, after))
    table = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    order = sorted(range(len(rows)), key=lambda at: _place(rows[at]))
    return table.iloc[order].reset_index(drop=True)


def _by_id(findings: GeoDataFrame) -> dict[str, dict[str, Any]]:
    table = pd.DataFrame(findings.drop(columns="geometry")).astype(object)
    table = table.where(table.notna(), None)
    records = [{str(name): one for name, one in row.items()} for row in table.to_dict("records")]
    return {str(row["finding_id"]): row for row in records}


def _became(
    before: dict[str, Any] | None, after: dict[str, Any] | None, old: Check, new: Check
) -> Became | None:
    was, is_ = _is_conflict(before), _is_conflict(after)
    if was and is_:
        assert before is not None  # noqa: S101 - for the type
        assert after is not None  # noqa: S101 - for the type
        return _worse_or_better(before, after)
    if was:
        assert before is not None  # noqa: S101 - for the type
        return "unchecked" if after is not None or _unasked(before, new) else "cleared"
    if is_:
        assert after is not None  # noqa: S101 - for the type
        return "checked" if before is not None or _unasked(after, old) else "new"
    return None


def _is_conflict(row: dict[str, Any] | None) -> bool:
    return row is not None and row["outcome"] in _CONFLICT


def _unasked(conflict: dict[str, Any], check: Check) -> bool:
    """Tell whether a check could not ask about a pair, so that its silence is not clearness."""
    for row in _by_id(check.findings).values():
        if row["outcome"] != NOT_CHECKED or row["rule_id"] != conflict["rule_id"]:
            continue
        if all(
            _covers(row[f"{side}_layer"], row[f"{side}_id"], row[f"{side}_ids"], conflict, side)
            for side in ("subject", "object")
        ):
            return True
    return False


def _covers(layer: Any, one: Any, many: Any, conflict: dict[str, Any], side: str) -> bool:
    if layer is not None and layer != conflict[f"{side}_layer"]:
        return False
    if one is not None:
        return bool(one == conflict[f"{side}_id"])
    return many is None or conflict[f"{side}_id"] in json.loads(many)


def _worse_or_better(before: dict[str, Any], after: dict[str, Any]) -> Became | None:
    """Judge by severity, then outcome, then how far on the wrong side, then what is shared."""
    steps = [
        SEVERITIES.index(before["severity"]) - SEVERITIES.index(after["severity"]),
        _CONFLICT.index(before["outcome"]) - _CONFLICT.index(after["outcome"]),
        -_change(before, after, "margin"),
        _change(before, after, "shared_area_m2"),
        _change(before, after, "shared_length_m"),
    ]
    for step in steps:
        if abs(step) > _TOLERANCE:
            return "worse" if step > 0 else "better"
    return None


def _change(before: dict[str, Any], after: dict[str, Any], name: str) -> float:
    pair = [np.nan if row[name] is None else float(row[name]) for row in (before, after)]
    change = pair[1] - pair[0]
    return 0.0 if np.isnan(change) else change


def _reasons(
    one: dict[str, Any],
    became: Became,
    changed: Mapping[str, GeoDataFrame],
    rules_old: Mapping[str, Rule],
    rules_new: Mapping[str, Rule],
) -> list[Reason]:
    found: set[Reason] = set()
    if rules_old.get(one["rule_id"]) != rules_new.get(one["rule_id"]):
        found.add("rule")
    if became in ("unchecked", "checked"):
        found.add("data")
    for side in ("subject", "object"):
        layer, key = one[f"{side}_layer"], one[f"{side}_id"]
        if layer is not None and layer not in changed:
            found.add("data")
        elif layer is not None:
            found |= _of_feature(changed[layer], key)
    order: tuple[Reason, ...] = ("geometry", "attribute", "rule", "data")
    # what stands on many features at once may change with any of them
    return [name for name in order if name in found] or ["data"]


def _of_feature(changes: GeoDataFrame, key: Any) -> set[Reason]:
    mine = changes[(changes["feature_id"] == key) | (changes["old_id"] == key)]
    found: set[Reason] = set()
    for moved, change, fields in zip(
        mine["geometry_changed"], mine["change"], mine["fields"], strict=True
    ):
        if moved or change in ("added", "removed"):
            found.add("geometry")
        names = set(json.loads(fields)) if isinstance(fields, str) else set()
        if ACCURACY in names:
            found.add("data")
        if names - {ACCURACY}:
            found.add("attribute")
    return found


def _row(
    key: str,
    became: Became,
    reasons: list[Reason],
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> dict[str, Any]:
    one = after if after is not None else before
    assert one is not None  # noqa: S101 - for the type
    row: dict[str, Any] = {"finding_id": key, "became": became, "reasons": ",".join(reasons)}
    row |= {name: one[name] for name in _WHICH}
    for side, version in (("old", before), ("new", after)):
        for name in ("outcome", "severity", *_FIGURES, "threshold"):
            row[f"{name}_{side}"] = None if version is None else version[name]
    for name in _FIGURES:
        pair = [row[f"{name}_old"], row[f"{name}_new"]]
        row[f"{name}_change"] = None if None in pair else pair[1] - pair[0]
    return row


_ORDER: tuple[Became, ...] = ("new", "worse", "checked", "unchecked", "better", "cleared")


def _place(row: dict[str, Any]) -> tuple[int, int, str]:
    severity = row["severity_new"] or row["severity_old"]
    return (_ORDER.index(row["became"]), SEVERITIES.index(severity), row["finding_id"])
