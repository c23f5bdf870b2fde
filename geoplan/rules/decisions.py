"""What was decided of findings: put to a check, compared with what they are now, and added to.

A decision holds for a finding by its id, which depends on rule, layers and features alone. So it
survives the next run, and whether what was decided on got worse meanwhile can be said.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.errors import BadQuery, FindingNotFound
from geoplan.rules.findings import DECIDED, SEVERITIES
from geoplan.rules.outcomes import OUTCOMES
from geoplan.store.decisions import FILE, WORDS, Decision, append_decision, read_decisions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from geopandas import GeoDataFrame

    from geoplan.catalogue import Catalogue
    from geoplan.rules.check import Check

WORSE_BY = 1e-3
"""By how much, in the unit of a measure, a finding must get worse before it is told."""
LONGEST_BY, LONGEST_NOTE = 200, 4000
STANDS, WORSE, OPEN = "stands", "worse_since", "open"
ORPHANED, NOT_ASKED, SUPERSEDED = "orphaned", "not_asked", "superseded"
_SHARED = ("shared_area_m2", "shared_length_m")
_MEASURES = ("measured", "margin", *_SHARED)
_PLACE = ("rule_id", "subject_layer", "subject_id", "object_layer", "object_id")


def of_plan(catalogue: Catalogue) -> tuple[Decision, ...]:
    """Return all decisions of a plan, the oldest first; see `read_decisions` for the errors."""
    return read_decisions(catalogue.directory / FILE)


def that_count(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return finding id → the last decision on it."""
    return {one.finding_id: one for one in decisions}


def sha256_of(decisions: Iterable[Decision]) -> str:
    """Return the sha256 of the decisions that count, whenever they were written."""
    told = [astuple(one) for _, one in sorted(that_count(decisions).items())]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, default=str).encode()).hexdigest()


def put(findings: GeoDataFrame, decisions: Sequence[Decision]) -> GeoDataFrame:
    """Put to each finding what was decided of it (`geoplan.rules.findings.DECIDED`)."""
    last = that_count(decisions)
    for at in np.flatnonzero(findings["finding_id"].isin(list(last))):
        row = findings.iloc[at]
        one = last[row["finding_id"]]
        told = (one.decision, one.decided_by, one.decided_on.isoformat(), one.note,
                worse_since(one, row))  # fmt: skip
        for name, value in zip(DECIDED, told, strict=True):
            findings.iat[at, findings.columns.get_loc(name)] = value
    return findings


def worse_since(decision: Decision, finding: Any) -> str | None:
    """Say in what a finding is worse than when it was decided on.

    Parameters
    ----------
    decision : Decision
    finding : mapping
        A row of `geoplan.rules.findings.COLUMNS`.

    Returns
    -------
    str or None
        Codes joined by ``;``: ``severity``, ``outcome`` (surer to be a hit), ``margin``,
        ``shared_area_m2`` and ``shared_length_m`` (more ground, no value counting as none) by more
        than `WORSE_BY`, ``feature_count`` (more features in a finding on many). None where it is
        no worse, or where the decision left it open.
    """
    if decision.decision == OPEN:
        return None
    grown = [_float(finding[name], 0) - _float(getattr(decision, name), 0) for name in _SHARED]
    margins = _float(decision.margin) - _float(finding["margin"])
    worse = {
        "severity": _rank(SEVERITIES, finding, decision, "severity"),
        "outcome": _rank(OUTCOMES, finding, decision, "outcome"),
        "margin": margins > WORSE_BY,
        **{name: more > WORSE_BY for name, more in zip(_SHARED, grown, strict=True)},
        "feature_count": _feature_count(finding) > decision.feature_count,
    }
    return ";".join(name for name, one in worse.items() if one) or None


def _rank(worst_first: Sequence[str], finding: Any, decision: Decision, name: str) -> bool:
    then = getattr(decision, name)
    return then in worst_first and worst_first.index(finding[name]) < worst_first.index(then)


def _float(value: Any, absent: float = np.nan) -> float:
    return absent if pd.isna(value) else float(value)


def _feature_count(finding: Any) -> int:
    lists = (finding["subject_ids"], finding["object_ids"])
    return sum(len(json.loads(one)) for one in lists if isinstance(one, str))


def decide(
    catalogue: Catalogue,
    found: Check,
    finding_id: str,
    decision: str,
    *,
    by: str,
    on: date,
    note: str | None = None,
) -> Decision:
    """Keep a decision on a finding of a check.

    Parameters
    ----------
    catalogue : Catalogue
        The plan that was checked.
    found : Check
    finding_id : str
    decision : {"open", "accepted", "mitigated", "exempt"}
    by : str
        Role or office; no person need be named.
    on : date
        The day of the decision.
    note : str, optional
        Why, by which document.

    Raises
    ------
    FindingNotFound
        The check has no such finding.
    BadQuery
        There is no such decision; nobody is named; a text is too long.
    NotAGeoPackage, UnexpectedObject, TableInvalid, FileBusy, NotWritable
        See `geoplan.store.decisions.append_decision`; what was decided before is untouched.
    """
    _refuse_unfit(decision, by, note)
    rows = found.findings[found.findings["finding_id"] == finding_id]
    if rows.empty:
        raise FindingNotFound(
            f"this check has no finding {finding_id!r} among its {len(found.findings)}: "
            f"`geoplan check --all` and `--json` print the ids (finding_id), with the packs "
            f"and the day that they were asked with"
        )
    row = rows.iloc[0]
    of_finding: dict[str, Any] = {
        **{name: None if pd.isna(row[name]) else str(row[name]) for name in _PLACE},
        **{name: None if pd.isna(row[name]) else float(row[name]) for name in _MEASURES},
    }
    made = Decision(
        finding_id=finding_id,
        decision=decision,
        decided_by=by.strip(),
        decided_on=on,
        note=(note or "").strip() or None,
        severity=row["severity"],
        outcome=row["outcome"],
        feature_count=_feature_count(row),
        report_code=found.record.code,
        **of_finding,
    )
    append_decision(catalogue.directory / FILE, made)
    return made


def _refuse_unfit(decision: str, by: str, note: str | None) -> None:
    if decision not in WORDS:
        raise BadQuery(f"{decision!r} is no decision: {', '.join(WORDS)}")
    if not by.strip():
        raise BadQuery("a decision needs the role or office that made it")
    for text, most in ((by, LONGEST_BY), (note or "", LONGEST_NOTE)):
        if len(text) > most:
            raise BadQuery(f"a text of {len(text)} characters; here {most} are room enough")


COLUMNS = [
    "state", "decision", "decided_by", "decided_on", "note", "worse_since_decision", "finding_id",
    *_PLACE, "severity", "outcome", *_MEASURES, "feature_count", "report_code",
]  # fmt: skip
"""Of the list of decisions: the finding as it was when it was decided on."""


def listed(found: Check, *, history: bool = False) -> pd.DataFrame:
    """Return the decisions of a plan that was checked, in the order they were made.

    Parameters
    ----------
    found : Check
    history : bool
        Also those that a later one on the same finding took the place of.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``state`` is ``stands``, ``worse_since``, ``open``, ``orphaned`` (the rule was
        asked, and there is no such finding any more), ``not_asked`` (no pack of the check holds
        the rule), or ``superseded``.
    """
    worse = found.findings.set_index("finding_id")["worse_since_decision"]
    last = {id(one) for one in that_count(found.decisions).values()}
    rows = []
    for one in found.decisions:
        if id(one) in last:
            state, why = _state(one, found, worse)
        elif history:
            state, why = SUPERSEDED, None
        else:
            continue
        rows.append({**asdict(one), "state": state, "worse_since_decision": why})
    table = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    return table.astype({**dict.fromkeys(_MEASURES, float), "feature_count": "int64"})


def _state(decision: Decision, found: Check, worse: pd.Series[Any]) -> tuple[str, str | None]:
    if decision.finding_id not in worse.index:
        return (ORPHANED if decision.rule_id in found.asked else NOT_ASKED), None
    why = worse[decision.finding_id]
    if decision.decision == OPEN:
        return OPEN, None
    return (STANDS, None) if why is None else (WORSE, str(why))


def counts(found: Check) -> dict[str, int]:
    """Return of how many findings it was decided, how many got worse since, and are gone."""
    decided, states = found.findings["decision"], listed(found)["state"].tolist()
    return {
        "decided_count": int((decided.notna() & (decided != OPEN)).sum()),
        "worse_since_decision_count": int(found.findings["worse_since_decision"].notna().sum()),
        "orphaned_decision_count": states.count(ORPHANED),
    }
