"""The process ``layers``: what a plan holds."""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.model import Result, Text
from geoplan.processes.process import Inputs, LayerIds, Process, chosen, run_record


class LayersInputs(Inputs):
    """Inputs of the process ``layers``."""

    layers: LayerIds = Field(default=(), description="Layer ids; none means all.")


def layers(catalogue: Catalogue, inputs: LayersInputs) -> Result:
    """List layers: how many features, how many of them with a position, in which CRS."""
    asked = chosen(catalogue, inputs.layers)
    rows = []
    for layer in asked:
        features = catalogue.read(layer.id)
        rows.append(
            {
                "layer": layer.id,
                "title": layer.title.zh,
                "title_en": layer.title.en,
                "kind": layer.kind,
                "geometry": layer.geometry,
                "line_means": layer.line_means,
                "feature_count": len(features),
                "located_count": int((~(features.geometry.isna() | features.is_empty)).sum()),
                "crs": None if features.crs is None else features.crs.to_string(),
                "source": layer.source.zh,
                "source_en": layer.source.en,
                "source_date": layer.source_date,
            }
        )
    return Result("layers", pd.DataFrame(rows), inputs.model_dump(), asked, run_record(()))


PROCESS = Process(
    "layers",
    Text(zh="图层清单", en="Layers"),
    Text(
        zh="列出图层、要素数量、有位置的要素数量、坐标系与来源。",
        en="List layers with their features, how many have a position, CRS and source.",
    ),
    LayersInputs,
    layers,
)
