"""The check of a plan against packs of rules."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

import geoplan
from geoplan.errors import BadQuery
from geoplan.reading import LayerReader, naming
from geoplan.rules import findings
from geoplan.rules.evaluate import evaluate, reach_m
from geoplan.rules.model import (
    AreaThreshold,
    CoverageAtLeast,
    InsideOnly,
    NoNumericThreshold,
)
from geoplan.rules.pack import RulePack, load_pack
from geoplan.rules.sources import Source, facings, joined
from geoplan.rules.stretches import with_chainage
from geoplan.rules.tally import Side, Tally, concerned, table
from geoplan.rules.verdicts import (
    ACCURACY_UNKNOWN,
    EMPTY_LAYER,
    NO_GEOMETRY,
    NO_LAYER,
    NO_NUMBER,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from geopandas import GeoDataFrame

    from geoplan.catalogue import Catalogue
    from geoplan.model import Layer
    from geoplan.rules.model import Rule

EXPIRY_DAYS = 90
"""How long a report stands before it should be run again: laws and plans change."""

LAND, RIVER = "highway_land", "river_centreline"
"""Kinds that tell where to measure, in whatever role."""


@dataclass(frozen=True)
class Candidate:
    """A site or project that is not in the plan: a layer of one kind, with its features."""

    layer: Layer
    features: GeoDataFrame


@dataclass(frozen=True)
class Record:
    """How a check came about.

    Attributes
    ----------
    code : str
        Of the report: the same for the same rules, layers and software.
    time, expires : datetime
        When it was run, and until when it should be relied on.
    on : date, optional
        The day whose law was asked.
    packs : dict of str to str
        Id and version of each pack → sha256.
    layers : dict of str to str
        Layer id → sha256 of its file, or of the candidate's features.
    left : dict of str to str
        Rules that were not in force on the day → why.
    unbound : tuple of str
        Rules whose subjects the plan has no layer of.
    planes : tuple of str
        The planes that were measured in.
    """

    code: str
    software: str
    time: datetime
    expires: datetime
    on: date | None
    packs: dict[str, str]
    layers: dict[str, str]
    left: dict[str, str]
    unbound: tuple[str, ...]
    planes: tuple[str, ...]


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
    """

    findings: GeoDataFrame
    tally: pd.DataFrame
    record: Record
    sources: tuple[Layer, ...]
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
    """
    loaded = [_loaded(catalogue, pack, on) for pack in packs]
    if not loaded:
        raise BadQuery("no rule pack is named: nothing can be checked")
    rules = {rule_id: rule for pack in loaded for rule_id, rule in pack.rules.items()}
    run = _Run(catalogue, rules, candidate)
    for subject in run.subjects():
        run.check_layer(subject)
    table_of = table(run.tallies)
    crs = next((source.features.crs for source in run.sources.values()), None)
    parts = [*run.parts, pd.DataFrame(run.said)]
    found = findings.finished(parts, rules, run.sources, crs)
    record = _record(run, loaded, on)
    layers = tuple(source.layer for source in run.sources.values())
    return Check(found, table_of, record, layers, tuple(run.tallies))


def _loaded(catalogue: Catalogue, pack: str | RulePack, on: date | None) -> RulePack:
    if isinstance(pack, RulePack):
        return pack
    return load_pack(pack, on=on, folder=catalogue.directory / "rules")


class _Run:
    """One check while it is under way."""

    def __init__(
        self, catalogue: Catalogue, rules: dict[str, Rule], candidate: Candidate | None
    ) -> None:
        self.catalogue, self.rules, self.candidate = catalogue, rules, candidate
        self.read = LayerReader(catalogue)
        self.sources: dict[str, Source] = {}
        self.parts: list[pd.DataFrame] = []
        self.said: list[dict[str, Any]] = []
        self.tallies: list[Tally] = []
        self.planes: dict[str, None] = {}

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
        mine = self.candidate
        of_plan = [
            self.source(layer)
            for layer in self.catalogue.values()
            if layer.role == "plan" and layer.kind == kind
        ]
        if mine is None or subject.layer.id == mine.layer.id:
            return of_plan
        # what the plan already holds is only asked whether the candidate disturbs it
        return [self._candidate(mine)] if mine.layer.kind == kind else []

    def source(self, layer: Layer) -> Source:
        """Return a layer of the plan, read once."""
        if layer.id not in self.sources:
            self.sources[layer.id] = Source(layer, self.read(layer), self.read.equations(layer))
        return self.sources[layer.id]

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
        for kind in dict.fromkeys(rule.object for rule in bound):
            group = [rule for rule in bound if rule.object == kind]
            objects = self.objects(kind, subject)
            if not objects:
                self._absent(group, subject, kind)
                continue
            alone = [rule for rule in group if not _takes_all(rule)]
            for other in objects:
                self._check_pair(alone, subject, other, other.layer.id)
            for rule in group:
                if _takes_all(rule):
                    names = ", ".join(other.layer.id for other in objects)
                    self._check_pair([rule], subject, joined(objects), names)

    def _absent(self, rules: list[Rule], subject: Source, kind: str) -> None:
        """Say of a kind that the plan has no layer of it; of a candidate's own, nothing."""
        known = {layer.kind for layer in self.catalogue.values() if layer.role == "plan"}
        if kind in known:
            return  # asked of the candidate only
        for rule in rules:
            mine = Side.of(subject, rule.where.subject)
            if len(mine.ids) == 0 and len(subject.features):
                continue
            self._say(rule, NO_LAYER, subject, None, field=kind)

    def _check_pair(self, rules: list[Rule], subject: Source, objects: Source, names: str) -> None:
        if not rules:
            return
        asked: list[tuple[Rule, Tally, list[pd.DataFrame]]] = []
        for rule in rules:
            tally = self._tally(rule, subject, objects, names)
            if len(subject.features) == 0 or (len(objects.features) == 0):
                self._say(rule, EMPTY_LAYER, subject, names)
                continue
            self._unknown(rule, subject, tally, names)
            asked.append((rule, tally, []))
        aids = {"land": self.aid(LAND), "rivers": self.aid(RIVER)}
        reach = max((reach_m(rule, self.rules) for rule in rules), default=0.0)
        with naming(subject.layer, objects.layer):
            for facing in facings(subject, objects, reach, **aids) if asked else ():
                self.planes[facing.plane.name] = None
                for rule, _, found in asked:
                    rows = evaluate(rule, facing, self.rules)
                    if len(rows) == 0:
                        continue
                    rows = with_chainage(rows, facing, subject)
                    other = None if _takes_all(rule) else objects
                    rows = findings.of_pairs(rows, rule, facing, subject, other)
                    found.append(rows.assign(rule_id=rule.id, object_layer=names))
        for _, tally, found in asked:
            if not found:
                continue
            rows = pd.concat(found, ignore_index=True)
            if tally.once:
                rows = rows[rows["subject_id"].map(str) < rows["object_id"].map(str)]
            self.parts.append(rows)
            tally.listed = _surest(rows)

    def _tally(self, rule: Rule, subject: Source, objects: Source, names: str) -> Tally:
        mine, yours = concerned(rule, subject, objects)
        alike = rule.where.subject == rule.where.object and subject.layer.id == names
        tally = Tally(
            rule.id,
            subject.layer.id,
            names,
            mine,
            None if _takes_all(rule) else yours,
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


def _takes_all(rule: Rule) -> bool:
    return isinstance(rule.demand, InsideOnly | CoverageAtLeast | AreaThreshold)


def _surest(rows: pd.DataFrame) -> pd.DataFrame:
    rank = rows["outcome"].map({"hit": 0, "uncertain": 1, "not_checked": 2})
    first = rows.loc[rank.sort_values(kind="stable").index]
    return first.drop_duplicates(["subject_id", "object_id"])[
        ["outcome", "subject_id", "object_id"]
    ]


def _record(run: _Run, packs: list[RulePack], on: date | None) -> Record:
    named = {f"{pack.id} {pack.version}": pack.sha256 for pack in packs}
    layers = {name: _sha256(run, source) for name, source in sorted(run.sources.items())}
    kinds = {source.layer.kind for source in run.sources.values()}
    software = f"geoplan {geoplan.__version__}"
    digest = hashlib.sha256(
        repr((software, sorted(named.items()), sorted(layers.items()), str(on))).encode()
    )
    now = datetime.now(tz=UTC)
    return Record(
        code=f"GP-{digest.hexdigest()[:12].upper()}",
        software=software,
        time=now,
        expires=now + timedelta(days=EXPIRY_DAYS),
        on=on,
        packs=named,
        layers=layers,
        left={rule: why for pack in packs for rule, why in pack.left.items()},
        unbound=tuple(rule.id for rule in run.rules.values() if rule.subject not in kinds),
        planes=tuple(run.planes),
    )


def _sha256(run: _Run, source: Source) -> str:
    digest = hashlib.sha256()
    if source.layer.id in run.catalogue:
        digest.update(run.catalogue.path(source.layer.id).read_bytes())
        return digest.hexdigest()
    digest.update(pd.util.hash_pandas_object(source.attributes.astype(str)).to_numpy().tobytes())
    digest.update(b"".join(source.features.geometry.to_wkb().fillna(b"")))
    return digest.hexdigest()
