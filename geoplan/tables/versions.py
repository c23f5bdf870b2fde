"""Table G 版本差异表: each conflict of two versions, before and after, and why it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.model import Table
from geoplan.tables.numbering import numbered

if TYPE_CHECKING:
    from geoplan.rules.check import Check

CHANGES = ["length_change_m", "area_change_hm2", "distance_change_m"]
COLUMNS = [
    "number", "number_old", "became", "subject_layer", "subject_id", "object_layer", "object_id",
    "rule_id", "title", "title_en", "severity", "before", "after", *CHANGES, "reasons",
    "handler", "finding_id", "measured_old", "measured_new", "unit",
]  # fmt: skip
PRINTED = ("number", "number_old", "became", "subject_id", "object_id", "title", "severity",
           "before", "after", *CHANGES, "reasons", "handler")  # fmt: skip
_M2_A_HECTARE = 10_000.0


def versions(findings: pd.DataFrame, old: Check, new: Check) -> Table:
    """Return table G.

    Parameters
    ----------
    findings : DataFrame
        Of `geoplan.rules.comparison.compared`.
    old, new : Check
        What was compared; the numbers C01… are those of each version's own tables.

    Returns
    -------
    Table
        `COLUMNS`: outcome of both versions, the change of length [m], area [hm²] and distance
        [m], the reasons as codes, and an empty ``handler`` for whoever deals with it.
    """
    numbers = [dict(zip(*_numbers(one), strict=True)) for one in (new, old)]
    records = ({str(name): one for name, one in row.items()} for row in findings.to_dict("records"))
    rows = [_row(row, *numbers) for row in records]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Table("G", table.astype(dict.fromkeys(CHANGES, float)), PRINTED)


def _numbers(check: Check) -> tuple[list[str], list[str]]:
    table = numbered(check.findings)
    return table["finding_id"].tolist(), table["number"].tolist()


def _row(row: dict[str, Any], new: dict[str, str], old: dict[str, str]) -> dict[str, Any]:
    metres = row["unit"] == "m"
    return {
        **{name: row[name] for name in COLUMNS if name in row},
        "number": new.get(row["finding_id"]),
        "number_old": old.get(row["finding_id"]),
        "severity": row["severity_new"] or row["severity_old"],
        "before": row["outcome_old"],
        "after": row["outcome_new"],
        "length_change_m": row["shared_length_m_change"],
        "area_change_hm2": row["shared_area_m2_change"] / _M2_A_HECTARE,
        "distance_change_m": row["measured_change"] if metres else float("nan"),
        "handler": None,
    }
