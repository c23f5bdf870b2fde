"""The check of a plan against packs of rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.errors import BadQuery
from geoplan.queries.mapping import answers
from geoplan.queries.parting import FEATURES
from geoplan.reading import Kept, LayerReader
from geoplan.rules import decisions, findings
from geoplan.rules.confrontation import Confrontation, judged, takes_all
from geoplan.rules.model import AlongChannel, NoNumericThreshold
from geoplan.rules.pack import RulePack, load_pack
from geoplan.rules.record import Record, recorded
from geoplan.rules.sources import Near, Source, joined
from geoplan.rules.tally import Side, Tally, concerned, table
from geoplan.rules.verdicts import (
    ACCURACY_UNKNOWN,
    EMPTY_LAYER,
    NO_GEOMETRY,
    NO_LAYER,
    NO_NUMBER,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from geopandas import GeoDataFrame

    from geoplan.catalogue import Catalogue
    from geoplan.model import Layer
    from geoplan.queries.mapping import Map
    from geoplan.rules.model import Rule
    from geoplan.store.decisions import Decision

LAND, RIVER = "highway_land", "river_centreline"
"""Kinds that tell where to measure, in whatever role."""


@dataclass(frozen=True)
class Candidate:
    """A site or project that is not in the plan: a layer of one kind, with its features."""

    layer: Layer
    features: GeoDataFrame


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes
    ----------
    findings : GeoDataFrame
        What is hit, uncertain or not checked, worst first (`geoplan.rules.findings.COLUMNS`).
    tally : DataFrame
        How many pairs each rule was asked of (`geoplan.rules.tally.COLUMNS`).
    record : Record
    sources : tuple of Layer
        The layers that were read.
    features : dict of str to GeoDataFrame
        Layer id → what it holds, indexed by feature id.
    asked : frozenset of str
        The rules of the packs.
    decisions : tuple of Decision
        All that was decided in the plan, the oldest first; none of a candidate.
    """

    findings: GeoDataFrame
    tally: pd.DataFrame
    record: Record
    sources: tuple[Layer, ...]
    features: dict[str, GeoDataFrame] = field(repr=False)
    asked: frozenset[str] = field(repr=False)
    decisions: tuple[Decision, ...] = field(repr=False)
    _tallies: tuple[Tally, ...] = field(repr=False)

    def clear(self, rule_id: str, subject_layer: str) -> pd.DataFrame:
        """Return the pairs of features that are clear of a rule.

        Returns
        -------
        DataFrame
            ``subject_id``, ``object_layer``, ``object_id``; the object is None where a demand
            takes all together.
        """
        rows = [
            (one, tally.object_layer, other)
            for tally in self._tallies
            if (tally.rule_id, tally.subject_layer) == (rule_id, subject_layer)
            for one, other in tally.clear()
        ]
        return pd.DataFrame(rows, columns=["subject_id", "object_layer", "object_id"], dtype=object)


def check(
    catalogue: Catalogue,
    packs: Sequence[str | RulePack] = ("cn-national",),
    *,
    candidate: Candidate | None = None,
    on: date | None = None,
    map: Map | None = None,  # noqa: A002 - it is one
    part_features: int = FEATURES,
) -> Check:
    """Check a plan, or a candidate against a plan, by packs of rules.

    Parameters
    ----------
    catalogue : Catalogue
        The plan; packs of its own stand in its folder ``rules``.
    packs : sequence of str or RulePack
        A later one replaces rules of an earlier one.
    candidate : Candidate, optional
        Only rules that bind or protect it are checked.
    on : date, optional
        The day whose law counts; None takes every rule.
    map : callable or pool, optional
        Who measures, as for `geoplan.queries.overlap`; a candidate is measured here.
    part_features : int, default 50 000
        With `map`: features of two layers together in a part.

    Returns
    -------
    Check

    Raises
    ------
    PackNotFound, PackInvalid
        A pack is not there, or wrong.
    BadQuery
        No pack is named.
    AccuracyInvalid, CrsMismatch, DuplicateId, InvalidGeometry, FeatureTooWide, LayerElsewhere
        What a layer holds cannot be measured.
    NotAGeoPackage, UnexpectedObject, TableInvalid, FileBusy
        The decisions of the plan cannot be read: a check without them would ask again.
    """
    loaded = [_loaded(catalogue, pack, on) for pack in packs]
    if not loaded:
        raise BadQuery("no rule pack is named: nothing can be checked")
    rules = {rule_id: rule for pack in loaded for rule_id, rule in pack.rules.items()}
    made = () if candidate is not None else decisions.of_plan(catalogue)
    run = _Run(catalogue, rules, candidate, map, part_features)
    for subject in run.subjects():
        run.check_layer(subject)
    table_of = table(run.tallies)
    crs = next((source.features.crs for source in run.sources.values()), None)
    parts = [*run.parts, pd.DataFrame(run.said)]
    found = decisions.put(findings.finished(parts, rules, run.sources, crs), made)
    unbound = tuple(rule.id for rule in rules.values() if rule.subject not in run.kinds())
    record = recorded(catalogue, run.sources, loaded, on, unbound, tuple(run.planes), made)
    layers = tuple(source.layer for source in run.sources.values())
    features = {name: source.features for name, source in run.sources.items()}
    asked = frozenset(rules)
    return Check(found, table_of, record, layers, features, asked, made, tuple(run.tallies))


def _loaded(catalogue: Catalogue, pack: str | RulePack, on: date | None) -> RulePack:
    if isinstance(pack, RulePack):
        return pack
    return load_pack(pack, on=on, folder=catalogue.directory / "rules")


_KEPT: Kept[Source] = Kept()


class _Run:
    """One check while it is under way."""

    def __init__(
        self,
        catalogue: Catalogue,
        rules: dict[str, Rule],
        candidate: Candidate | None,
        ask: Map | None,
        most: int,
    ) -> None:
        self.catalogue, self.rules, self.candidate = catalogue, rules, candidate
        self.ask, self.most = ask, most
        self.read = LayerReader(catalogue)
        self.sources: dict[str, Source] = {}
        self.parts: list[pd.DataFrame] = []
        self.said: list[dict[str, Any]] = []
        self.tallies: list[Tally] = []
        self.planes: dict[str, None] = {}

    def kinds(self) -> set[str]:
        """Return the kinds of the layers that were read."""
        return {source.layer.kind for source in self.sources.values()}

    def subjects(self) -> Iterator[Source]:
        """Yield the layers whose features rules may bind."""
        kinds = {rule.subject for rule in self.rules.values()}
        if self.candidate is not None and self.candidate.layer.kind in kinds:
            yield self._candidate(self.candidate)
        for layer in self.catalogue.values():
            if layer.role == "plan" and layer.kind in kinds:
                yield self.source(layer)

    def objects(self, kind: str, subject: Source) -> list[Source]:
        """Return the layers that rules protect against a subject."""
        if self.candidate is not None and not self._is_asked(subject):
            return [self._candidate(self.candidate)]
        return [
            self.source(layer)
            for layer in self.catalogue.values()
            if layer.role == "plan" and layer.kind == kind
        ]

    def source(self, layer: Layer) -> Source:
        """Return a layer of the plan, read once."""
        if layer.id not in self.sources:
            # many candidates are asked of one plan: its layers stay; a plan is asked of itself once
            self.sources[layer.id] = (
                self._read(layer)
                if self.candidate is None
                else _KEPT.get(self.catalogue, layer, self._read)
            )
        return self.sources[layer.id]

    def _read(self, layer: Layer) -> Source:
        return Source(layer, self.read(layer), self.read.equations(layer))

    def _candidate(self, candidate: Candidate) -> Source:
        layer = candidate.layer
        if layer.id in self.catalogue:
            raise BadQuery(f"the plan has a layer {layer.id!r} already: name the candidate other")
        return self.sources.setdefault(
            layer.id, Source(layer, self.read.aligned(candidate.features))
        )

    def aid(self, kind: str) -> Source | None:
        """Return the layers of a kind that tells where to measure."""
        found = [self.source(one) for one in self.catalogue.values() if one.kind == kind]
        return joined(found) if found else None

    def check_layer(self, subject: Source) -> None:
        """Check all rules that bind the features of a layer."""
        bound = [rule for rule in self.rules.values() if rule.subject == subject.layer.kind]
        if self.candidate is not None and not self._is_asked(subject):
            # what the plan holds is asked only whether the candidate disturbs it; one object more
            # or less of many says nothing of what they cover together
            kind = self.candidate.layer.kind
            bound = [rule for rule in bound if rule.object == kind and not takes_all(rule)]
        for kind in dict.fromkeys(rule.object for rule in bound):
            group = [rule for rule in bound if rule.object == kind]
            objects = self.objects(kind, subject)
            if not objects:
                self._absent(group, subject)
                continue
            alone = [rule for rule in group if not takes_all(rule)]
            for other in objects:
                self._check_pair(alone, subject, other, other.layer.id)
            together = [rule for rule in group if takes_all(rule)]
            if together:
                names = ", ".join(other.layer.id for other in objects)
                self._check_pair(together, subject, joined(objects), names)

    def _is_asked(self, subject: Source) -> bool:
        """Tell whether a layer is asked itself, not only whether the candidate disturbs it."""
        return self.candidate is None or subject.layer.id == self.candidate.layer.id

    def _absent(self, rules: list[Rule], subject: Source) -> None:
        """Say of a kind that the plan has no layer of it."""
        for rule in rules:
            mine = Side.of(subject, rule.where.subject)
            if len(mine.ids) == 0 and len(subject.features):
                continue
            self._say(rule, NO_LAYER, subject, None, field=rule.object)

    def _check_pair(self, rules: list[Rule], subject: Source, objects: Source, names: str) -> None:
        if not rules:
            return
        asked: list[Rule] = []
        tallies: dict[str, Tally] = {}
        for rule in rules:
            tallies[rule.id] = self._tally(rule, subject, objects, names)
            if len(subject.features) == 0 or (len(objects.features) == 0):
                self._say(rule, EMPTY_LAYER, subject, names)
                continue
            self._unknown(rule, subject, tallies[rule.id], names)
            asked.append(rule)
        found = []
        for rows, planes in self._judged(asked, subject, objects, names):
            self.planes |= dict.fromkeys(planes)
            if len(rows):
                found.append(rows)
        if found:
            self._keep(pd.concat(found, ignore_index=True), tallies)

    def _judged(
        self, rules: list[Rule], subject: Source, objects: Source, names: str
    ) -> Iterable[tuple[pd.DataFrame, list[str]]]:
        """Return what rules say of two layers, at once or part by part."""
        if not rules:
            return ()
        along = any(isinstance(rule.demand, AlongChannel) for rule in rules)
        near: Near | None = None
        if self.candidate is not None:
            near = "object" if any(takes_all(rule) for rule in rules) else "both"
        asked = Confrontation(
            tuple(rules),
            self.rules,
            subject,
            objects,
            names,
            land=self.aid(LAND),
            rivers=self.aid(RIVER) if along else None,
            near=near,
            alone=self.candidate is not None,
        )
        if self.ask is None or self.candidate is not None:
            return (judged(asked),)
        return answers(self.ask, judged, asked.parts(self.most))

    def _keep(self, found: pd.DataFrame, tallies: dict[str, Tally]) -> None:
        """Keep what was found of two layers, and let each tally know its part of it."""
        for once in [rule_id for rule_id, tally in tallies.items() if tally.once]:
            twice = found["subject_id"].map(str) >= found["object_id"].map(str)
            found = found[~(twice & (found["rule_id"] == once))]
        self.parts.append(found)
        for rule_id, rows in _surest(found).groupby("rule_id", sort=False):
            tallies[str(rule_id)].listed = rows

    def _tally(self, rule: Rule, subject: Source, objects: Source, names: str) -> Tally:
        mine, yours = concerned(rule, subject, objects)
        alike = rule.where.subject == rule.where.object and subject.layer.id == names
        tally = Tally(
            rule.id,
            subject.layer.id,
            names,
            mine,
            None if takes_all(rule) else yours,
            may_be_clear=not isinstance(rule.demand, NoNumericThreshold),
            near_only=isinstance(rule.demand, NoNumericThreshold)
            and rule.demand.near_m is not None,
            once=alike,
        )
        self.tallies.append(tally)
        return tally

    def _unknown(self, rule: Rule, subject: Source, tally: Tally, names: str) -> None:
        """Say which features cannot be found clear of a rule, and why."""
        mine, yours = tally.subject, tally.object
        if len(mine.ids) == 0 or (yours is not None and len(yours.ids) == 0):
            return
        if isinstance(rule.demand, NoNumericThreshold) and rule.demand.near_m is None:
            self._say(rule, NO_NUMBER, subject, names, subject_ids=mine.ids)
        self._say_of(rule, mine, subject, names, "subject_ids")
        if yours is not None:
            self._say_of(rule, yours, subject, names, "object_ids")

    def _say_of(self, rule: Rule, side: Side, subject: Source, names: str, which: str) -> None:
        absent, vague = side.ids[~side.placed], side.ids[side.placed & ~side.known]
        for reason, ids in ((NO_GEOMETRY, absent), (ACCURACY_UNKNOWN, vague)):
            if len(ids):
                self._say(rule, reason, subject, names, **{which: ids})

    def _say(
        self, rule: Rule, reason: str, subject: Source, names: str | None, **said: Any
    ) -> None:
        self.said.append(findings.of_many(rule.id, reason, subject.layer.id, names, **said))


def _surest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return of each rule and pair the surest outcome."""
    rows = rows[["outcome", "rule_id", "subject_id", "object_id"]]
    rank = rows["outcome"].map({"hit": 0, "uncertain": 1, "not_checked": 2}).to_numpy()
    first = rows.iloc[np.argsort(rank, kind="stable")]
    return first.drop_duplicates(["rule_id", "subject_id", "object_id"])
