"""The numbers that conflicts go by in tables, maps and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.rules.findings import NUMBERS, SEVERITIES
from geoplan.rules.outcomes import HIT, NOT_CHECKED, UNCERTAIN

if TYPE_CHECKING:
    from collections.abc import Hashable

OUTCOMES = (HIT, UNCERTAIN, NOT_CHECKED)
PAIR = ["subject_layer", "subject_id", "object_layer", "object_id"]
_IDS = [*PAIR, "rule_id"]


def numbered(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that concern a feature, with the number each goes by.

    Parameters
    ----------
    findings : DataFrame
        Of a check (`geoplan.rules.findings.COLUMNS`).

    Returns
    -------
    DataFrame
        The columns of the findings, without geometry, and ``number``, in the order of the
        numbers. Each conflict, hit or uncertain, has one of its own, from C01, in order of
        severity, then outcome, then ids: of subject layer, subject, object layer, object and
        rule. What was not checked has one for each pair of features, from U01, in order of the
        worst severity, then ids. What concerns no feature (a layer that the plan has not) has
        none, and is left out.

    Notes
    -----
    The numbers depend on the findings alone, so that every table, map and report of one check
    agrees. Over time a finding is known by its ``finding_id``; a number may pass to another
    when conflicts come and go.
    """
    table = plain(findings)
    table = table[table["subject_id"].notna()]
    keys = [_key(row) for row in table[["severity", "outcome", *_IDS]].itertuples(index=False)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    table = table.iloc[order].reset_index(drop=True)
    found = (table["outcome"] != NOT_CHECKED).to_numpy(dtype=bool)
    conflicts, unchecked = table[found], table[~found]
    pairs = {pair: at for at, pair in enumerate(dict.fromkeys(_pairs(unchecked)))}
    at = [pairs[pair] for pair in _pairs(unchecked)]
    names = _names("U", len(pairs))
    unchecked = unchecked.assign(number=[names[place] for place in at])
    # the findings on a pair stand together, the worst first
    unchecked = unchecked.iloc[sorted(range(len(at)), key=at.__getitem__)]
    return pd.concat(
        [conflicts.assign(number=_names("C", len(conflicts))), unchecked], ignore_index=True
    )


def plain(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings without geometry; a text or an id that is missing is None, never NaN."""
    table = pd.DataFrame(findings.drop(columns="geometry", errors="ignore")).astype(object)
    return table.where(table.notna(), None).astype(dict.fromkeys(NUMBERS, float))


def _pairs(table: pd.DataFrame) -> list[Hashable]:
    return list(table[PAIR].itertuples(index=False, name=None))


def _key(row: Any) -> tuple[Any, ...]:
    severity, outcome, *ids = row
    # numbers before texts, and as numbers: 9 comes before 10
    told = ((0, 0) if one is None else (1 + isinstance(one, str), one) for one in ids)
    return (SEVERITIES.index(severity), OUTCOMES.index(outcome), *told)


def _names(letter: str, count: int) -> list[str]:
    digits = max(2, len(str(count)))
    return [f"{letter}{at:0{digits}}" for at in range(1, count + 1)]
