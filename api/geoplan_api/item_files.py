"""Features of a layer as one file: GeoPackage, FlatGeobuf, GeoParquet, CSV.

A file holds all that the question matches: what programs fetch page by page, people want whole.
``limit`` cuts it where it is given. Without ``crs`` it is in the CRS of the layer, as stored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anyio import to_thread

from geoplan_api.conditional import not_modified, weak_tag
from geoplan_api.deps import lang_of
from geoplan_api.errors import BadParameter
from geoplan_api.negotiation import CSV, FGB, GPKG, PARQUET, Offer
from geoplan_api.query import read_limit
from geoplan_api.reading import matching, place_of_page
from geoplan_api.references import storage_uri
from geoplan_api.respond import own_headers
from geoplan_api.sending import file_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from geoplan.model import FeatureId, Layer
    from geoplan.store.table_now import TableNow
    from geoplan_api.query import ItemsQuery
    from geoplan_api.service import Service

ITEM_FILES = (GPKG, FGB, PARQUET, CSV)
LOSSES = "Geoplan-Losses"
MOST = 2**62
"""More features than any file holds: no limit."""

_ENDINGS = {GPKG: ".gpkg", FGB: ".fgb", PARQUET: ".parquet", CSV: ".csv"}


async def items_file(
    request: Request,
    service: Service,
    layer: Layer,
    wanted: ItemsQuery,
    parameters: Mapping[str, str],
    offer: Offer,
) -> Response:
    """Answer with a file of the features that a question matches.

    Raises
    ------
    BadParameter
        The format holds longitude and latitude only, and another CRS is asked for.
    """
    lang, table = lang_of(request), service.tables[layer.id].look()
    asked = wanted.reference if "crs" in parameters else None
    if offer is CSV and asked is not None and not asked.geographic:
        raise BadParameter("crs: a CSV holds longitude and latitude; leave it out, or ask for gpkg")
    tag = weak_tag(table.version, str(request.url), lang, offer.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    ids = await to_thread.run_sync(lambda: _ids(service.tables[layer.id].look(), layer, wanted))
    columns = [one.name for one in wanted.columns] if "properties" in parameters else None
    made, losses = await service.computing.download(
        layer.id, _ENDINGS[offer], ids, columns, None if asked is None else asked.uri
    )
    crs = storage_uri(table.crs) if asked is None else asked.uri
    headers = own_headers(lang) | {
        "Content-Type": offer.media_type,
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "ETag": tag,
        **({} if crs is None or offer is CSV else {"Content-Crs": f"<{crs}>"}),
        **({LOSSES: ", ".join(losses)} if losses else {}),
    }
    assert made.file is not None  # noqa: S101 - for the type
    return file_response(made.file, headers)


def _ids(table: TableNow, layer: Layer, wanted: ItemsQuery) -> list[FeatureId] | None:
    """Return the ids of the features asked for, in their order; None for all."""
    if wanted.everything and wanted.limit >= MOST and wanted.after is None:
        return None
    keys = matching(table, layer, wanted)
    start = place_of_page(table, keys, wanted)
    return table.ids(keys[start : start + wanted.limit])


def whole(wanted: ItemsQuery, parameters: Mapping[str, str]) -> ItemsQuery:
    """Return a question for all that it matches, or as many as ``limit`` says, not for a page."""
    limit = read_limit(parameters["limit"], MOST) if "limit" in parameters else MOST
    return replace(wanted, limit=limit)
