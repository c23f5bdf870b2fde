"""What map sheets show: the layers of a plan, and the findings of a check with their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.model import EVERYTHING
from geoplan.tables import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from geoplan.catalogue import Catalogue
    from geoplan.model import FeatureQuery, Layer, Result
    from geoplan.rules import Rule
    from geoplan.rules.check import Candidate
    from geoplan.webmap import MapContent


def content_of(
    catalogue: Catalogue,
    result: Result | None = None,
    rules: Mapping[str, Rule] | None = None,
    *,
    candidate: Candidate | None = None,
    layers: Iterable[Layer] | None = None,
    within: Callable[[Layer], FeatureQuery] | None = None,
) -> MapContent:
    """Return what the sheets of a plan show.

    Parameters
    ----------
    result : Result, optional
        Of a check; without it sheets have no findings.
    rules : mapping of str to Rule, optional
        By which it was checked.
    candidate : Candidate, optional
        A site that is drawn with the layers.
    layers : iterable of Layer, optional
        Those to draw; all of the plan when not given.
    within : callable, optional
        Which features of a layer are read; all when not given.
    """
    from geoplan.webmap import MapContent, MapLayer

    drawn = [
        MapLayer(
            layer,
            catalogue.read(layer.id, EVERYTHING if within is None else within(layer)),
            catalogue.schema(layer),
            catalogue.symbol(layer),
        )
        for layer in (catalogue.values() if layers is None else layers)
        if catalogue.path(layer.id).exists()
    ]
    if candidate is not None:
        drawn.append(MapLayer(candidate.layer, candidate.features))
    return MapContent(
        catalogue.plan,
        tuple(drawn),
        check=result,
        rules=rules or {},
        numbers={} if result is None else numbers_of(result),
    )


def numbers_of(result: Result) -> dict[str, str]:
    """Return the number by which tables, maps and reports call each finding, by its id."""
    table = numbered(result.features)
    return dict(zip(table["finding_id"], table["number"], strict=True))
