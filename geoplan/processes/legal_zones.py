"""The process ``legal-zones``: the zones that rules draw round features."""

from __future__ import annotations

import json

import geopandas as gpd
import pandas as pd
from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.model import Result, Text
from geoplan.processes.check import CheckInputs
from geoplan.processes.process import LayerIds, Process, chosen, plan_layers, run_record
from geoplan.reading import LayerReader, naming
from geoplan.rules.check import LAND
from geoplan.rules.pack import load_pack
from geoplan.rules.sources import Source, joined
from geoplan.rules.zones import COLUMNS, legal_zones


class LegalZonesInputs(CheckInputs):
    """Inputs of the process ``legal-zones``."""

    layers: LayerIds = Field(
        default=(), description="Layers of what is protected; none means all of the plan."
    )


def zones(catalogue: Catalogue, inputs: LegalZonesInputs) -> Result:
    """Draw the zones that rules lay round features; see `geoplan.rules.zones`."""
    asked = chosen(catalogue, inputs.layers) if inputs.layers else plan_layers(catalogue)
    read = LayerReader(catalogue)
    lands = [Source(one, read(one)) for one in catalogue.values() if one.kind == LAND]
    parts = []
    for name in inputs.packs:
        pack = load_pack(name, on=inputs.on, folder=catalogue.directory / "rules")
        for layer in asked:
            with naming(layer):
                land = joined(lands) if lands else None
                parts.append(legal_zones(Source(layer, read(layer)), pack, land=land))
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else parts[0]
    # a later pack replaces the rules of an earlier one
    packs = table.groupby("rule_id")["pack"].transform("last")
    table = table[(table["pack"] == packs).to_numpy(dtype=bool)]
    features = gpd.GeoDataFrame(table[COLUMNS].reset_index(drop=True), crs=parts[0].crs)
    features.attrs = {}
    drawn = features.geometry.notna()
    totals = {"count": int(drawn.sum()), "not_checked_count": int((~drawn).sum())}
    plain = json.loads(inputs.model_dump_json())
    return Result("legal-zones", features, plain, asked, run_record(()), (), totals)


PROCESS = Process(
    "legal-zones",
    Text(zh="法定控制区", en="Legal zones"),
    Text(
        zh="按规则包生成控制区、保护范围与审批范围：起算线、半宽来源、距离与精度；无法生成者列出原因。",
        en="Control, protection and approval zones that rules lay round features: from which "
        "line, how far, by which half-width, how accurate; what cannot be drawn says why.",
    ),
    LegalZonesInputs,
    zones,
)
