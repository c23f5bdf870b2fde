"""What a check could not tell, and why: 未核查 is never 未命中."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.model import Table
from geoplan.rules.outcomes import NOT_CHECKED
from geoplan.tables import wording
from geoplan.tables.facts import Told
from geoplan.tables.numbering import plain

if TYPE_CHECKING:
    from geoplan.tables.facts import Facts

PRINTED = ("row", "number", "severity", "rule_id", "rule", "project", "name", "why", "features",
           "basis")  # fmt: skip
_TEXTS = ("rule", "project", "name", "why", "basis")
COLUMNS = [
    "row", "number", "finding_id", "severity", "rule_id", "subject_layer", "subject_id",
    "object_layer", "object_id", "reason", "field", "features",
    *(f"{name}{end}" for name in _TEXTS for end in ("", "_en")),
]  # fmt: skip


def unchecked(findings: pd.DataFrame, numbers: pd.DataFrame, facts: Facts) -> Table:
    """Return every finding that says what was not checked, in the order of the check.

    Parameters
    ----------
    findings : DataFrame
        Of the check.
    numbers : DataFrame
        Those that concern a feature, as of `geoplan.tables.numbering.numbered`.
    facts : Facts
    """
    number = dict(zip(numbers["finding_id"], numbers["number"], strict=True))
    left = plain(findings[findings["outcome"] == NOT_CHECKED])
    rows = [
        {"row": at, "number": number.get(row["finding_id"])} | _row(row, facts)
        for at, row in enumerate(left.to_dict("records"), start=1)
    ]
    return Table("unchecked", pd.DataFrame(rows, columns=COLUMNS), PRINTED)


def _row(row: Any, facts: Facts) -> dict[str, Any]:
    texts = {
        "rule": Told(row["title"], row["title_en"]),
        "project": _side(row, "subject", facts),
        "name": _side(row, "object", facts),
        "why": wording.reason(row, facts),
        "basis": wording.basis([row]),
    }
    return {
        **{name: row[name] for name in COLUMNS if name in row},
        **{name: told.zh for name, told in texts.items()},
        **{f"{name}_en": told.en for name, told in texts.items()},
        "features": _listed(row["subject_ids"], row["object_ids"]),
    }


def _side(row: Any, side: str, facts: Facts) -> Told:
    layer, feature = row[f"{side}_layer"], row[f"{side}_id"]
    return facts.title(layer) if feature is None else facts.name(layer, feature)


def _listed(*lists: str | None) -> str | None:
    """Return ids that stand in JSON lists, one after the other."""
    ids = [str(one) for ids in lists if isinstance(ids, str) for one in json.loads(ids)]
    return ", ".join(ids) or None
