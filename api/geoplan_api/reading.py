"""Features of a layer in longitude and latitude, page by page, without GDAL or geopandas."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from geoplan.errors import DuplicateId, FeatureNotFound
from geoplan.model import FeatureQuery
from geoplan.store import GeoPackageStore
from geoplan_api.lonlat import area_of, overlap
from geoplan_api.survey import in_chunks, located, way_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geoplan.catalogue import Catalogue
    from geoplan.model import FeatureId, Layer
    from geoplan.store import Row
    from geoplan_api.lonlat import LonLat
    from geoplan_api.query import ItemsQuery
    from geoplan_api.survey import Survey, Surveys


class Found(NamedTuple):
    """A feature: id, attributes, geometry in degrees (null when it has no position)."""

    id: FeatureId
    attributes: dict[str, Any]
    geometry: Any


@dataclass(frozen=True)
class Page:
    """One page of an answer.

    Attributes
    ----------
    features : sequence of Found
        In the order of their ids.
    matched : int
        How many features the question matches on all pages together.
    next_after : str or int, optional
        The key that the next page begins behind; None on the last page.
    """

    features: Sequence[Found]
    matched: int
    next_after: FeatureId | None


def read_page(catalogue: Catalogue, surveys: Surveys, layer: Layer, wanted: ItemsQuery) -> Page:
    """Return one page of the features that a question matches.

    Features without a position match every box (OGC API - Features, /req/core/fc-bbox-response
    C): that a place is not known does not put it elsewhere.

    Raises
    ------
    TableInvalid, MalformedGeometry, DuplicateId
        The file is at fault.
    """
    survey = surveys.of(layer.id) if wanted.boxes is not None else None
    with GeoPackageStore(catalogue.path(layer.id)) as store:
        found = list(islice(_matching(store, layer, wanted, survey), wanted.limit + 1))
        _refuse_bad_ids(layer, found)
        more = len(found) > wanted.limit
        if wanted.after is None and not more:
            matched = len(found)
        else:
            matched = _count(store, layer, replace(wanted, after=None), survey)
    features = found[: wanted.limit]
    return Page(features, matched, features[-1].id if more else None)


def read_feature(catalogue: Catalogue, layer: Layer, feature_id: str) -> Found:
    """Return one feature.

    Raises
    ------
    FeatureNotFound
        The layer has no feature of exactly that id.
    """
    with GeoPackageStore(catalogue.path(layer.id)) as store:
        way = way_of(layer, store.table(layer))
        for found in _in_degrees(store.rows(layer, FeatureQuery(ids=(feature_id,))), way):
            if str(found.id) == feature_id:  # SQLite takes '01' for 1
                return found
    raise FeatureNotFound(f"layer {layer.id!r} has no feature {feature_id!r}")


def _matching(
    store: GeoPackageStore, layer: Layer, wanted: ItemsQuery, survey: Survey | None
) -> Iterator[Found]:
    query = FeatureQuery(where=dict(wanted.where), after=wanted.after)
    if survey is None or wanted.boxes is None:
        way = way_of(layer, store.table(layer))
        limited = query.model_copy(update={"limit": wanted.limit + 1})
        yield from _in_degrees(store.rows(layer, limited), way)
        return
    area = area_of(wanted.boxes)
    for rows in in_chunks(_candidates(store, layer, query, wanted, survey)):
        _, degrees = located(rows, survey.way)
        meets = shapely.intersects(area, degrees) | shapely.is_missing(degrees)
        for row, geometry, hit in zip(rows, degrees, meets, strict=True):
            if hit:
                yield Found(row[0], row[1], geometry)


def _candidates(
    store: GeoPackageStore, layer: Layer, query: FeatureQuery, wanted: ItemsQuery, survey: Survey
) -> Iterator[Row]:
    """Yield, in the order of ids, every feature that may meet the boxes, and perhaps more."""
    extent, boxes = survey.extent, wanted.boxes or ()
    near = [part for box in boxes if extent and (part := overlap(box, extent))]
    unlocated = query.model_copy(update={"ids": survey.unlocated})
    nowhere = store.rows(layer, unlocated) if survey.unlocated else iter(())
    if not near:
        yield from nowhere
        return
    box = survey.way.storage_box(near[0], survey.bulge) if len(near) == 1 else None
    if box is None:
        yield from store.rows(layer, query)
        return
    somewhere = store.rows(layer, query.model_copy(update={"bbox": box}))
    yield from heapq.merge(somewhere, nowhere, key=lambda row: row[0])


def _in_degrees(rows: Iterable[Row], way: LonLat) -> Iterator[Found]:
    for chunk in in_chunks(rows):
        _, degrees = located(chunk, way)
        for row, geometry in zip(chunk, degrees, strict=True):
            yield Found(row[0], row[1], geometry)


def _count(store: GeoPackageStore, layer: Layer, wanted: ItemsQuery, survey: Survey | None) -> int:
    if wanted.boxes is not None:
        return sum(1 for _ in _matching(store, layer, wanted, survey))
    if wanted.where:
        return sum(1 for _ in store.rows(layer, FeatureQuery(where=dict(wanted.where))))
    return store.table(layer).count


def _refuse_bad_ids(layer: Layer, found: Sequence[Found]) -> None:
    """Refuse ids that would make a feature stand on no page: none, or one that stands twice."""
    ids = [one.id for one in found]
    for left, right in zip([None, *ids], ids, strict=False):
        if right is None or left == right:
            culprit = "no id" if right is None else f"the id {right!r} twice"
            raise DuplicateId(f"layer {layer.id!r} has a feature with {culprit}")
