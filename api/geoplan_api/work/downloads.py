"""Layers as files, in a worker: what `geoplan export` writes, of the features asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoplan.errors import GeoplanError
from geoplan.interchange import Part, export_layer
from geoplan_api.references import reference
from geoplan_api.work.plans import plan_of

if TYPE_CHECKING:
    from geoplan.model import FeatureId


def write(
    plan: str,
    layer_id: str,
    ending: str,
    ids: list[FeatureId] | None,
    columns: list[str] | None,
    crs: str | None,
) -> dict[str, Any]:
    """Write features of a layer to a file.

    Parameters
    ----------
    plan, layer_id : str
    ending : str
        Of the file, such as ``.gpkg``; it tells the format.
    ids, columns : list, optional
        Which features, in their order, and which attributes; None for all.
    crs : str, optional
        URI of the CRS to write them in; None leaves them in that of the layer.

    Returns
    -------
    dict
        ``file`` (path of a file that is the caller's now), ``name``, and ``losses``: the names of
        what the format does not hold; or ``error`` and ``message``.
    """
    name = f"{layer_id}{ending}"
    path = Path(tempfile.mkdtemp(prefix="answer-")) / name
    part = Part(ids, columns, None if crs is None else reference(crs).crs)
    try:
        done = export_layer(plan_of(plan, None), layer_id, path, part=part)
    except GeoplanError as error:
        return {"error": type(error).__name__, "message": str(error), "pointer": None}
    return {"file": str(path), "name": name, "losses": [loss.code for loss in done.losses]}
