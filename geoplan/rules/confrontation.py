"""Rules asked of two layers face to face: the part of a check that measures, whole or in parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from geoplan.queries.parting import parts
from geoplan.reading import naming
from geoplan.rules import findings
from geoplan.rules.evaluate import evaluate, reach_m
from geoplan.rules.model import AreaThreshold, CoverageAtLeast, InsideOnly
from geoplan.rules.sources import Bounds, facings
from geoplan.rules.stretches import with_chainage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geoplan.rules.facing import Facing
    from geoplan.rules.model import Rule
    from geoplan.rules.sources import Near, Source


@dataclass(frozen=True)
class Confrontation:
    """Some rules, and two layers to ask them of; it may travel to another machine.

    Attributes
    ----------
    asked : tuple of Rule
        All of them take all objects together, or none does.
    rules : mapping of str to Rule
        Those that these may build on.
    subject, objects : Source
    names : str
        The objects' layers.
    land, rivers : Source, optional
        As of `facings`.
    near : {"object", "both"}, optional
        As of `facings`.
    alone : bool
        Whether the subject or the object is one feature, so that rules which look less far than
        the two are apart are passed over.
    bounds : Bounds, optional
        Of the whole, where this is a part of it.
    """

    asked: tuple[Rule, ...]
    rules: Mapping[str, Rule]
    subject: Source
    objects: Source
    names: str
    land: Source | None = None
    rivers: Source | None = None
    near: Near | None = None
    alone: bool = False
    bounds: Bounds | None = None

    @property
    def reach_m(self) -> float:
        """The farthest distance that any of the rules looks at [m]."""
        return max(reach_m(rule, self.rules) for rule in self.asked)

    def parts(self, most: int) -> Iterator[Confrontation]:
        """Yield confrontations of fewer features: each subject with all objects within reach.

        Parameters
        ----------
        most : int
            Features of both layers in a part.
        """
        beside = [one for one in (self.land, self.rivers) if one is not None]
        bounds = Bounds.of(self.subject, self.objects, *beside, reach_m=self.reach_m)
        known = self.subject.located, self.objects.located
        for mine, (theirs,) in parts(known[0], [known[1]], most, bounds.margin_m):
            subject, objects = self.subject.only(mine), self.objects.only(theirs)
            yield replace(self, subject=subject, objects=objects, bounds=bounds)


def judged(asked: Confrontation) -> tuple[pd.DataFrame, list[str]]:
    """Return the findings of the rules, unfinished, and the names of the planes.

    Returns
    -------
    DataFrame
        As of `geoplan.rules.findings.of_pairs`, with ``object_layer``; empty where there are none.
    list of str
    """
    found, planes = [], []
    subject, objects = asked.subject, asked.objects
    with naming(subject.layer, objects.layer):
        for facing in facings(
            subject,
            objects,
            asked.reach_m,
            land=asked.land,
            rivers=asked.rivers,
            near=asked.near,
            bounds=asked.bounds,
        ):
            planes.append(facing.plane.name)
            rows = _verdicts(asked, facing)
            if len(rows):
                other = None if takes_all(asked.asked[0]) else objects
                rows = findings.of_pairs(rows, asked.rules, facing, subject, other)
                found.append(rows.assign(object_layer=asked.names))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(), planes


def _verdicts(asked: Confrontation, facing: Facing) -> pd.DataFrame:
    """Return the verdicts of rules in one plane, with ``rule_id``."""
    tables = []
    for rule in asked.asked:
        if asked.alone and not takes_all(rule) and facing.least_m > reach_m(rule, asked.rules):
            continue
        rows = evaluate(rule, facing, asked.rules)
        if len(rows):
            tables.append(with_chainage(rows, facing, asked.subject).assign(rule_id=rule.id))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def takes_all(rule: Rule) -> bool:
    """Tell whether a rule takes all objects together."""
    return isinstance(rule.demand, InsideOnly | CoverageAtLeast | AreaThreshold)
