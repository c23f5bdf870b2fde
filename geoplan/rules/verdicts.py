"""What a rule finds of features in one plane, before names and articles are put to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.rules.conditions import Applies, applies
from geoplan.rules.outcomes import CLEAR, NOT_CHECKED, UNCERTAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geoplan.rules.facing import Facing, Pairs
    from geoplan.rules.model import Rule, Wanted


WITHIN_ACCURACY = "within_accuracy"  # the boundaries are not known well enough to tell
ACCURACY_UNKNOWN = "accuracy_unknown"  # nothing says how far they may be off
FIELD_EMPTY = "field_empty"  # an attribute that decides is empty
NO_LAYER = "no_layer"  # the plan has no layer of the kind
EMPTY_LAYER = "empty_layer"  # it has one, without a feature
NO_GEOMETRY = "no_geometry"  # the position is not published
NO_NUMBER = "no_number"  # the law names no number
NO_CENTRELINE = "no_centreline"  # no river is drawn that the object crosses
BESIDE_CHANNEL = "beside_channel"  # near the channel, which a centreline without width cannot tell
CHANNEL_UNCLEAR = "channel_unclear"  # the drawn river has parts that no order makes one channel
NOT_LINES = "not_lines"  # an angle is asked of what is no line
NO_AREA = "no_area"  # an area is asked of a point, or of a line that is an edge
TOO_WIDE = "too_wide"  # a feature of several planes, whose area no single one measures

REASONS = (
    WITHIN_ACCURACY, ACCURACY_UNKNOWN, FIELD_EMPTY, NO_LAYER, EMPTY_LAYER, NO_GEOMETRY, NO_NUMBER,
    NO_CENTRELINE, BESIDE_CHANNEL, CHANNEL_UNCLEAR, NOT_LINES, NO_AREA, TOO_WIDE,
)  # fmt: skip
"""Why an outcome is uncertain or not checked."""

ALL = -1
"""The place of the object where a finding is on all objects together."""

NUMBERS = [
    "measured", "threshold", "pm", "uncertainty_m", "half_width_m", "shared_area_m2",
    "shared_length_m",
]  # fmt: skip
TEXTS = ["outcome", "reason", "field", "measure", "line", "line_basis"]
COLUMNS = ["ours", "theirs", *TEXTS, *NUMBERS, "geometry"]
"""Of a table of verdicts: places of both features, and what was found of them.

``pm`` is the ± [unit of ``measured``], ``uncertainty_m`` the sum of both accuracies [m]. The unit
of ``measured`` follows from ``measure`` (`UNITS`).
"""

UNITS = {
    "distance": "m", "along_channel": "m", "length": "m", "area": "m²", "angle": "°", "share": "1",
}  # fmt: skip


def verdicts(ours: Any, theirs: Any, outcome: Any, **columns: Any) -> pd.DataFrame:
    """Return a table of verdicts; a column that is not given is empty."""
    count = len(outcome)
    table: dict[str, Any] = {
        "ours": np.asarray(ours, dtype=np.intp),
        "theirs": np.asarray(theirs, dtype=np.intp),
        "outcome": np.asarray(outcome, dtype=object),
    }
    for name in COLUMNS[3:]:
        given = columns.get(name)
        kind = float if name in NUMBERS else object
        values = np.full(count, np.nan if name in NUMBERS else None, dtype=kind)
        if given is not None:
            values[:] = given
        table[name] = values
    return pd.DataFrame(table)


@dataclass(frozen=True)
class Bound:
    """Whom a rule binds among the subjects, and what it protects among the objects."""

    subject: Applies
    object: Applies

    @classmethod
    def by(cls, rule: Rule, facing: Facing) -> Bound:
        """Return whom a rule binds in a facing."""
        return cls(
            applies(facing.subject.attributes, rule.where.subject),
            applies(facing.object.attributes, rule.where.object),
        )

    def also(self, facing: Facing, where: Mapping[str, Wanted]) -> Bound:
        """Return the same with a further condition on the objects."""
        more = applies(facing.object.attributes, where)
        first = self.object.untold
        holds = (self.object.yes | _told(first)) & (more.yes | _told(more.untold))
        untold = np.where(_told(first), first, more.untold)
        untold[~holds] = None
        return Bound(self.subject, Applies(self.object.yes & more.yes, untold))

    def subjects(self) -> NDArray[np.bool_]:
        """Tell which subjects the rule binds, or may bind."""
        return self.subject.yes | _told(self.subject.untold)

    def objects(self) -> NDArray[np.bool_]:
        """Tell which objects the rule protects, or may protect."""
        return self.object.yes | _told(self.object.untold)

    def of(self, pairs: Pairs) -> Pairs:
        """Return the pairs that the rule concerns, or may concern."""
        return pairs.where(self.subjects()[pairs.ours] & self.objects()[pairs.theirs])

    def fields(self, ours: NDArray[np.intp], theirs: NDArray[np.intp]) -> NDArray[Any]:
        """Return the empty field that keeps each pair from being told, or None."""
        mine = np.array([_named("subject", one) for one in self.subject.untold], dtype=object)
        yours = np.array([_named("object", one) for one in self.object.untold], dtype=object)
        chosen = mine[ours]
        for at in np.flatnonzero((theirs >= 0) & ~_told(chosen)):
            chosen[at] = yours[theirs[at]]
        return chosen


def _named(side: str, field: str | None) -> str | None:
    return None if field is None else f"{side}.{field}"


def _told(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.array([value is not None for value in values], dtype=bool)


def settled(found: pd.DataFrame, bound: Bound) -> pd.DataFrame:
    """Return what is to be reported: no clear rows, a reason for what is not certain.

    A verdict on a pair that an empty field keeps from being told is ``not_checked`` and names
    the field, whatever the measure says; where the pair is clear by its measure, the field
    does not matter.
    """
    found = found[(found["outcome"] != CLEAR).to_numpy(dtype=bool)].reset_index(drop=True)
    if len(found) == 0:
        return found
    fields = bound.fields(found["ours"].to_numpy(), found["theirs"].to_numpy())
    untold = _told(fields) & (found["outcome"] != NOT_CHECKED).to_numpy()
    found.loc[untold, "outcome"] = NOT_CHECKED
    found.loc[untold, "reason"] = FIELD_EMPTY
    found.loc[untold, "field"] = fields[untold]
    unsure = (found["outcome"] == UNCERTAIN) & found["reason"].isna()
    found.loc[unsure, "reason"] = np.where(
        found.loc[unsure, "uncertainty_m"].isna(), ACCURACY_UNKNOWN, WITHIN_ACCURACY
    )
    return found
