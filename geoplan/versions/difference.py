"""What changed from one version of a plan to the next: features and findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geoplan.crs import to_crs
from geoplan.errors import BadQuery
from geoplan.queries.changes import COLUMNS, changes
from geoplan.reading import LayerReader, naming
from geoplan.rules.check import Check, check
from geoplan.rules.comparison import compared
from geoplan.rules.pack import load_pack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from geopandas import GeoDataFrame

    from geoplan.catalogue import Catalogue
    from geoplan.model import Layer
    from geoplan.rules.model import Rule


@dataclass(frozen=True)
class Difference:
    """Two versions of a plan, compared.

    Attributes
    ----------
    features : GeoDataFrame
        The features that are not as they were: ``layer`` and the columns of
        `geoplan.queries.changes.changes`, in the CRS of the first layer of the newer version.
    unchanged : dict of str to int
        Layer id → how many features are as they were.
    layers_added, layers_removed : tuple of str
        Layers that only the newer, only the older version has.
    findings : DataFrame, optional
        `geoplan.rules.comparison.COLUMNS`; None when no rules were asked.
    checks : tuple of Check
        Of the older and the newer version; empty when no rules were asked.
    sources : tuple of Layer
        The layers that were compared, as the newer version describes them.
    versions : dict of str to tuple
        Layer id → both versions of its features.
    """

    features: GeoDataFrame
    unchanged: dict[str, int]
    layers_added: tuple[str, ...]
    layers_removed: tuple[str, ...]
    findings: pd.DataFrame | None
    checks: tuple[Check, ...]
    sources: tuple[Layer, ...]
    versions: dict[str, tuple[GeoDataFrame, GeoDataFrame]] = field(repr=False)


def difference(
    old: Catalogue,
    new: Catalogue,
    packs: Sequence[str] = (),
    *,
    layers: Sequence[str] = (),
    on: date | None = None,
) -> Difference:
    """Compare two versions of a plan.

    Parameters
    ----------
    old, new : Catalogue
        The versions; layers are matched by id, features by theirs.
    packs : sequence of str
        Rule packs to check both by; without any, features alone are compared.
    layers : sequence of str
        The layers to compare; all that both have where none is named.
    on : date, optional
        The day whose law counts.

    Raises
    ------
    LayerNotFound
        A named layer is in none of the versions, or not in both.
    BadQuery
        A layer is of one kind in one version and of another in the other.
    DuplicateId, CrsMismatch, InvalidGeometry
        As `geoplan.queries.changes.changes`.
    PackNotFound, PackInvalid
        As `geoplan.rules.check.check`.
    """
    shared = [layer for layer in layers or new if layers or layer in old]
    for name in shared:
        if old[name].kind != new[name].kind:
            raise BadQuery(
                f"layer {name!r} is of kind {old[name].kind!r} in the older version and "
                f"{new[name].kind!r} in the newer: they cannot be compared"
            )
    read_old, read_new = LayerReader(old), LayerReader(new)
    versions, changed = {}, {}
    for name in shared:
        with naming(new[name]):
            versions[name] = (read_old(old[name]), read_new(new[name]))
            changed[name] = changes(*versions[name])
    checks: tuple[Check, ...] = ()
    findings = None
    if packs:
        checks = (check(old, packs, on=on), check(new, packs, on=on))
        rules = [_rules(one, packs, on) for one in (old, new)]
        findings = compared(*checks, changed, *rules)
    unchanged = {
        name: len(versions[name][1]) - int(one["change"].isin(_NOW).sum())
        for name, one in changed.items()
    }
    return Difference(
        _together(changed),
        unchanged,
        tuple(one for one in new if one not in old),
        tuple(one for one in old if one not in new),
        findings,
        checks,
        tuple(new[name] for name in shared),
        versions,
    )


_NOW = ("added", "renamed", "changed")
"""Changes of features that the newer version has."""


def _rules(plan: Catalogue, packs: Sequence[str], on: date | None) -> Mapping[str, Rule]:
    loaded = [load_pack(name, on=on, folder=plan.directory / "rules") for name in packs]
    return {rule_id: rule for pack in loaded for rule_id, rule in pack.rules.items()}


def _together(changed: Mapping[str, GeoDataFrame]) -> GeoDataFrame:
    crs = next((one.crs for one in changed.values()), None)
    parts = []
    for name, one in changed.items():
        if len(one) and crs is not None:
            moved = to_crs(one, crs).astype({"feature_id": object, "old_id": object})
            moved.insert(0, "layer", name)
            parts.append(moved)
    if not parts:
        return gpd.GeoDataFrame(columns=["layer", *COLUMNS], geometry="geometry", crs=crs)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=crs)
