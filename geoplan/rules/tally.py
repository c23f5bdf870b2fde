"""How many pairs each rule was asked of, and what came of them; clear ones are named on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pandas as pd

from geoplan.rules.conditions import applies
from geoplan.rules.outcomes import HIT, UNCERTAIN
from geoplan.rules.sources import as_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from geoplan.rules.model import Rule, Wanted
    from geoplan.rules.sources import Source

COLUMNS = [
    "rule_id", "subject_layer", "object_layer", "asked_count", "hit_count", "uncertain_count",
    "clear_count", "not_checked_count",
]  # fmt: skip
"""One row for each rule and pair of layers.

Counted are pairs of features that the rule concerns or may concern; of demands that take the
objects together, subjects, and ``object_layer`` names all layers. The last four add up to
``asked_count``.
"""


class Side(NamedTuple):
    """The features of a layer that a rule concerns, or may concern.

    Attributes
    ----------
    ids : ndarray
        All of them.
    placed : ndarray of bool
        Which have a place.
    known : ndarray of bool
        Which have a known accuracy too, so that they can be clear.
    """

    ids: NDArray[Any]
    placed: NDArray[np.bool_]
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, source: Source, where: Mapping[str, Wanted]) -> Side:
        """Return the features of a layer that conditions hold for, or may hold for."""
        return cast("Side", source.once(("side", *where.items()), lambda: cls._of(source, where)))

    @classmethod
    def _of(cls, source: Source, where: Mapping[str, Wanted]) -> Side:
        found = applies(source.attributes, where)
        may = found.yes | np.array([one is not None for one in found.untold], dtype=bool)
        known = source.has_place & source.accuracy_m.notna().to_numpy()
        ids = source.features.index.to_numpy()[may]
        return cls(ids, source.has_place[may], np.asarray(known[may], dtype=bool))


@dataclass
class Tally:
    """Counts of one rule and pair of layers, and what is needed to name the clear ones."""

    rule_id: str
    subject_layer: str
    object_layer: str
    subject: Side
    object: Side | None
    may_be_clear: bool = True
    near_only: bool = False
    once: bool = False
    listed: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    def row(self) -> dict[str, Any]:
        """Return the counts."""
        outcome = self.listed["outcome"] if len(self.listed) else pd.Series(dtype=object)
        hit, uncertain = int((outcome == HIT).sum()), int((outcome == UNCERTAIN).sum())
        asked, clear = self._asked(), self._clear_count()
        if self.near_only:
            asked -= clear  # a rule that is only said of what is near is not asked of the rest
        if not self.may_be_clear:
            clear = 0
        return {
            "rule_id": self.rule_id,
            "subject_layer": self.subject_layer,
            "object_layer": self.object_layer,
            "asked_count": asked,
            "hit_count": hit,
            "uncertain_count": uncertain,
            "clear_count": clear,
            "not_checked_count": asked - hit - uncertain - clear,
        }

    def clear(self) -> Iterator[tuple[Any, Any]]:
        """Yield the pairs of ids that are clear; the object is None where all are meant."""
        if not self.may_be_clear:
            return
        listed = self._pairs()
        mine = as_ids(self.subject.ids[self.subject.known])
        yours = [None] if self.object is None else as_ids(self.object.ids[self.object.known])
        for one in mine:
            for other in yours:
                itself = self.once and str(one) >= str(other)
                if not itself and not self._same(one, other) and (one, other) not in listed:
                    yield one, other

    def _same(self, one: Any, other: Any) -> bool:
        return self.subject_layer == self.object_layer and one == other

    def _pairs(self) -> set[tuple[Any, Any]]:
        if len(self.listed) == 0:
            return set()
        ids = self.listed[["subject_id", "object_id"]]
        return {
            (one, None if pd.isna(other) else other)
            for one, other in zip(as_ids(ids["subject_id"]), as_ids(ids["object_id"]), strict=True)
            if not pd.isna(one)
        }

    def _asked(self) -> int:
        if self.object is None:
            return len(self.subject.ids)
        return self._product(self.subject.ids, self.object.ids)

    def _clear_count(self) -> int:
        mine = self.subject.ids[self.subject.known]
        if self.object is None:
            known = set(as_ids(mine))
            return len(mine) - sum(one in known for one, _ in self._pairs())
        yours = self.object.ids[self.object.known]
        known, others = set(as_ids(mine)), set(as_ids(yours))
        listed = sum(one in known and other in others for one, other in self._pairs())
        return self._product(mine, yours) - listed

    def _product(self, mine: NDArray[Any], yours: NDArray[Any]) -> int:
        if self.subject_layer != self.object_layer:
            return len(mine) * len(yours)
        both = len(np.intersect1d(mine, yours))
        pairs = len(mine) * len(yours) - both
        return pairs // 2 if self.once else pairs


def concerned(rule: Rule, subject: Source, objects: Source) -> tuple[Side, Side]:
    """Return whom a rule concerns in two layers."""
    return Side.of(subject, rule.where.subject), Side.of(objects, rule.where.object)


def table(tallies: list[Tally]) -> pd.DataFrame:
    """Return the counts of all rules as one table."""
    rows = pd.DataFrame([one.row() for one in tallies], columns=COLUMNS)
    return rows.sort_values(COLUMNS[:3], kind="stable", ignore_index=True)
