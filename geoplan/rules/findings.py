"""Verdicts with names, articles and places put to them: what a planner reads."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoplan.crs import reproject
from geoplan.queries.uncertainty import ACCURACY
from geoplan.rules.duty import duties
from geoplan.rules.model import AreaThreshold, InsideOnly
from geoplan.rules.outcomes import NOT_CHECKED
from geoplan.rules.sources import as_ids
from geoplan.rules.verdicts import UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geoplan.rules.facing import Facing
    from geoplan.rules.model import Rule, When
    from geoplan.rules.sources import Source

DECIDED = (
    "decision", "decision_by", "decision_on", "decision_note", "worse_since_decision",
)  # fmt: skip
"""What was decided of a finding, by whom and when (`geoplan.rules.decisions`)."""
_OF_FEATURE = ("name", "name_en", "status", "accuracy_m")
COLUMNS = [
    "finding_id", "outcome", "severity", "rule_id", "title", "title_en",
    "subject_layer", "subject_id", *(f"subject_{name}" for name in _OF_FEATURE),
    "object_layer", "object_id", *(f"object_{name}" for name in _OF_FEATURE),
    "measure", "measured", "threshold", "margin", "pm", "unit", "uncertainty_m",
    "reason", "field", "line", "line_basis", "half_width_m", "shared_area_m2", "shared_length_m",
    "chainage_from", "chainage_to", "chainage_basis", "stretch_length_m", "law", "law_en",
    "article", "in_force", "confidence", "activity", "activity_en", "duty", "duty_en",
    "duty_party", "subject_ids", "object_ids", *DECIDED, "geometry",
]  # fmt: skip
"""Of the findings.

``margin`` is how far on the right side of the threshold the measured value lies [``unit``];
negative is the wrong side. ``subject_ids`` and ``object_ids`` list, as JSON, the features of a
finding that is on many at once. ``in_force`` is a day or a year, ``unknown`` where it is not
known.
"""
NUMBERS = [
    "subject_accuracy_m", "object_accuracy_m", "measured", "threshold", "margin", "pm",
    "uncertainty_m", "half_width_m", "shared_area_m2", "shared_length_m", "stretch_length_m",
]  # fmt: skip
_NOT_EXCEEDED = (InsideOnly, AreaThreshold)
SEVERITIES = ("prohibited", "approval_required", "notice")


def of_pairs(
    found: pd.DataFrame,
    rules: Mapping[str, Rule],
    facing: Facing,
    subject: Source,
    objects: Source | None,
) -> pd.DataFrame:
    """Return the findings of rules in one plane; `objects` is None for all of a kind."""
    mine = facing.subject.ids[found["ours"].to_numpy(dtype=np.intp)]
    table = found.drop(columns=["ours", "theirs"])
    table["subject_layer"], table["subject_id"] = subject.layer.id, mine
    table["object_id"] = pd.Series(None, index=table.index, dtype=object)
    table["object_layer"] = None if objects is None else objects.layer.id
    if objects is not None and len(found):
        table["object_id"] = facing.object.ids[found["theirs"].to_numpy(dtype=np.intp)]
    crs = subject.located.crs
    shapes = np.array([*table["geometry"], None], dtype=object)[:-1]
    shapes[pd.isna(table["geometry"]).to_numpy()] = None
    table["geometry"] = list(reproject(shapes, facing.plane.crs, crs))
    table["margin"] = _margin(table, rules)
    table["unit"] = [UNITS.get(measure) for measure in table["measure"]]
    return table


def of_many(
    rule_id: str,
    reason: str,
    subject_layer: str,
    object_layer: str | None,
    *,
    subject_ids: Sequence[Any] = (),
    object_ids: Sequence[Any] = (),
    field: str | None = None,
) -> dict[str, Any]:
    """Return one finding that says what of many features was not checked, and why."""
    return {
        "rule_id": rule_id,
        "outcome": NOT_CHECKED,
        "reason": reason,
        "field": field,
        "subject_layer": subject_layer,
        "object_layer": object_layer,
        "subject_ids": _listed(subject_ids),
        "object_ids": _listed(object_ids),
    }


def _listed(ids: Sequence[Any]) -> str | None:
    return json.dumps(as_ids(ids), ensure_ascii=False, default=str) if len(ids) else None


def _margin(table: pd.DataFrame, rules: Mapping[str, Rule]) -> NDArray[np.float64]:
    over = (table["measured"] - table["threshold"]).to_numpy(dtype=float)
    # what must not be exceeded is kept by what lies below
    below = {key for key, rule in rules.items() if isinstance(rule.demand, _NOT_EXCEEDED)}
    return np.where(table["rule_id"].isin(below), -over, over)


def finished(
    parts: list[pd.DataFrame], rules: dict[str, Rule], sources: dict[str, Source], crs: Any
) -> gpd.GeoDataFrame:
    """Return all findings in order, with names, articles and ids."""
    filled = [part.dropna(axis=1, how="all") for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
    table = table.reindex(columns=list(dict.fromkeys([*COLUMNS, *table.columns])))
    table = table.astype({name: float if name in NUMBERS else object for name in COLUMNS})
    table = _one_a_pair(table)
    _name(table, sources)
    _cite(table, rules)
    table["duty_party"] = duties(table, sources)
    table["finding_id"] = [_stable_id(row) for row in table[_KEYS].itertuples(index=False)]
    table = table[COLUMNS].astype(object).where(table[COLUMNS].notna(), None)
    table = table.astype(dict.fromkeys(NUMBERS, float))
    table = _ordered(table)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(list(table["geometry"]), crs=crs))


_KEYS = ["rule_id", "subject_layer", "subject_id", "object_layer", "object_id", "_of_many"]


def _one_a_pair(table: pd.DataFrame) -> pd.DataFrame:
    """Keep of a pair that was looked at in several planes what is surest and nearest."""
    table["_of_many"] = [
        f"{reason}:{field}:{'s' if isinstance(subjects, str) else 'o'}"
        if not isinstance(layer, str) or (pd.isna(one) and pd.isna(other))
        else ""
        for reason, field, subjects, layer, one, other in zip(
            table["reason"],
            table["field"],
            table["subject_ids"],
            table["object_layer"],
            table["subject_id"],
            table["object_id"],
            strict=True,
        )
    ]
    # of a subject against all objects the reason is no part of what it is about
    alone = table["subject_id"].notna() & table["object_id"].isna()
    table.loc[alone, "_of_many"] = ""
    rank = table["outcome"].map({"hit": 0, "uncertain": 1, "not_checked": 2}).to_numpy(float)
    table = table.iloc[np.lexsort((table["measured"].to_numpy(float), rank))]
    return table.drop_duplicates(_KEYS).reset_index(drop=True)


def _name(table: pd.DataFrame, sources: dict[str, Source]) -> None:
    """Put names, states and accuracies of the features to the findings."""
    for side in ("subject", "object"):
        for layer_id in table[f"{side}_layer"].dropna().unique().tolist():
            source = sources.get(layer_id)
            here = (table[f"{side}_layer"] == layer_id) & table[f"{side}_id"].notna()
            if source is None or not here.any():
                continue
            layer = source.layer
            named = layer.name_column, layer.name_en_column or layer.name_column
            for name, column in zip(_OF_FEATURE, (*named, "status", ACCURACY), strict=True):
                if column is not None and column in source.features:
                    values = source.features[column].reindex(table.loc[here, f"{side}_id"])
                    told = values.astype(object).where(values.notna(), None).to_numpy()
                    number = f"{side}_{name}" in NUMBERS
                    table.loc[here, f"{side}_{name}"] = told.astype(float) if number else told


def _cite(table: pd.DataFrame, rules: dict[str, Rule]) -> None:
    """Put severity, law and article to the findings."""
    cited = {rule_id: _citation(rules[rule_id]) for rule_id in table["rule_id"].unique()}
    for name in next(iter(cited.values()), {}):
        table[name] = [cited[rule_id][name] for rule_id in table["rule_id"]]


def _citation(rule: Rule) -> dict[str, str | None]:
    said: dict[str, str | None] = {"severity": rule.severity}
    basis = rule.basis
    law = None if basis is None else basis.law
    texts = (("title", rule.title), ("law", law), ("activity", rule.activity), ("duty", rule.duty))
    for name, text in texts:
        said[name] = None if text is None else text.zh
        said[f"{name}_en"] = None if text is None else text.en
    said["article"] = None if basis is None else basis.article
    said["in_force"] = None if basis is None else told(basis.in_force)
    said["confidence"] = None if basis is None else basis.confidence
    return said


def told(when: When) -> str:
    """Return a day or a year as text, ``unknown`` where it is not known."""
    return "unknown" if when.on is None else str(when.on)


def _stable_id(row: Any) -> str:
    """Return an id that stays the same as long as rule, layers and features do."""
    keys = [None if pd.isna(key) else str(key) for key in row]
    return hashlib.sha256(json.dumps(keys, ensure_ascii=False).encode()).hexdigest()[:16]


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the worst first; what was not checked comes last, then by rule and features."""
    outcome = table["outcome"].map({"hit": 0, "uncertain": 1, "not_checked": 2})
    severity = table["severity"].map({name: at for at, name in enumerate(SEVERITIES)})
    keys = table.assign(_outcome=outcome, _severity=severity)
    for name in ("subject_layer", "subject_id", "object_layer", "object_id"):
        keys[name] = keys[name].map(lambda one: "" if one is None else str(one))
    order = [
        "_outcome", "_severity", "rule_id", "subject_layer", "subject_id", "object_layer",
        "object_id", "finding_id",
    ]  # fmt: skip
    return table.loc[keys.sort_values(order, kind="stable").index].reset_index(drop=True)
