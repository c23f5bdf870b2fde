"""The map alone, in a worker: what OGC API - Maps answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.crs import to_crs, transformer
from geoplan.figure import BareSpec, bare_map, to_pdf, to_png
from geoplan.model import EVERYTHING, FeatureQuery
from geoplan.processes.sheet_content import content_of
from geoplan_api.references import reference
from geoplan_api.work.plans import plan_of

if TYPE_CHECKING:
    from geoplan.catalogue import Catalogue
    from geoplan.model import Layer
    from geoplan.webmap import MapContent

_MARGIN_MM = 5.0
"""What is drawn beyond the edge may reach this far over it."""
_TURN = 360.0


def map_image(plan: str, form: str, layers: tuple[str, ...], asked: dict[str, Any]) -> bytes:
    """Draw layers of a plan.

    Parameters
    ----------
    plan : str
        Its folder.
    form : {"png", "svg", "pdf"}
    layers : tuple of str
        Which ones.
    asked : dict
        ``crs`` (URI), ``box`` (west, south, east, north in it), ``size_px``, ``mm_per_px``,
        ``background`` and ``lang``, as `geoplan.figure.BareSpec` takes them.
    """
    catalogue, crs = plan_of(plan, None), reference(asked["crs"]).crs
    wanted = BareSpec(
        crs,
        tuple(asked["box"]),
        tuple(asked["size_px"]),
        asked["mm_per_px"],
        asked["lang"],
        asked["background"],
    )
    shown = [catalogue[one] for one in layers]
    content = content_of(
        catalogue, layers=shown, within=lambda layer: _near(catalogue, layer, wanted)
    )
    if crs.is_geographic and wanted.bounds[2] > _TURN / 2:
        content = _turned(content, wanted)
    made = bare_map(content, wanted)
    if form == "svg":
        return made.svg.encode()
    if form == "pdf":
        return to_pdf(made)
    return to_png(made, width_px=wanted.size_px[0], background=None)


def _near(catalogue: Catalogue, layer: Layer, wanted: BareSpec) -> FeatureQuery:
    """Return the question for the features of a layer that may be seen."""
    stored = catalogue.table(layer.id).crs
    west, south, east, north = wanted.bounds
    if stored is None or (wanted.crs.is_geographic and east > _TURN / 2):
        return EVERYTHING
    margin = _MARGIN_MM / wanted.mm_per_px
    across = (east - west) / wanted.size_px[0] * margin
    down = (north - south) / wanted.size_px[1] * margin
    back = transformer(wanted.crs.to_wkt(), stored.to_wkt())
    box = west - across, south - down, east + across, north + down
    found = back.transform_bounds(*box, densify_pts=21)
    # beyond what a plane can show there are no coordinates to ask by
    sound = all(abs(edge) < 1e12 for edge in found) and found[0] <= found[2]
    return FeatureQuery(bbox=tuple(found)) if sound else EVERYTHING


def _turned(content: MapContent, wanted: BareSpec) -> MapContent:
    """Return a map across the antimeridian: what lies west of its west edge comes a turn later."""
    from dataclasses import replace

    layers = []
    for one in content.layers:
        features = to_crs(one.features, wanted.crs)
        shapes = features.geometry.to_numpy().copy()
        late = shapely.bounds(shapes)[:, 2] < wanted.bounds[0]
        shapes[late] = shapely.transform(shapes[late], lambda at: at + np.array([_TURN, 0.0]))
        layers.append(replace(one, features=features.set_geometry(shapes, crs=wanted.crs)))
    return replace(content, layers=tuple(layers))
