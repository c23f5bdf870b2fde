"""What every process is made of, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict

import geoplan
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.model import Document, Layer, Result, RunRecord, Text
from geoplan.processes.raster_result import RasterResult

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

ACCURACY = "geometry_accuracy_m"
"""Column that says how far a feature may be off [m]; shown beside every finding on it."""


class Inputs(BaseModel):
    """Inputs of a process: frozen, and nothing unknown among them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _each_once(ids: tuple[str, ...]) -> tuple[str, ...]:
    for layer_id in ids:
        if ids.count(layer_id) > 1:
            raise ValueError(f"layer {layer_id!r} is named twice")
    return ids


LayerIds = Annotated[tuple[str, ...], AfterValidator(_each_once)]
"""Ids of layers, none of them twice."""


@dataclass(frozen=True)
class Process:
    """One question that geoplan answers, for the command line and the service alike.

    Attributes
    ----------
    run : callable
        Takes a catalogue and checked inputs; where it is long work, also ``progress=``; where it
        can be asked in parts, also ``map=``.
    """

    id: str
    title: Text
    description: Text
    inputs: type[BaseModel]
    run: Callable[..., Result | Document | RasterResult]


def chosen(catalogue: Catalogue, ids: tuple[str, ...]) -> tuple[Layer, ...]:
    """Return the layers of these ids; of all the plan where none is named."""
    return tuple(catalogue[layer_id] for layer_id in (ids or tuple(catalogue)))


def plan_layers(catalogue: Catalogue) -> tuple[Layer, ...]:
    """Return the layers to analyse when none is named: all but context."""
    return tuple(layer for layer in catalogue.values() if layer.role == "plan")


def named(found: GeoDataFrame, layer: Layer, features: GeoDataFrame, side: str) -> GeoDataFrame:
    """Return findings with layer, names and accuracy of the features on one side."""
    ids = found[f"{side}_id"]
    at = found.columns.get_loc(f"{side}_id")
    found.insert(at, f"{side}_layer", layer.id)
    told = (
        ("name", layer.name_column),
        ("name_en", layer.name_en_column or layer.name_column),
        ("accuracy_m", ACCURACY if ACCURACY in features else None),
    )
    for offset, (suffix, column) in enumerate(told):
        # without the column every value is null: a number where a number belongs
        absent = np.nan if suffix == "accuracy_m" else None
        values = absent if column is None else features[column].reindex(ids).to_numpy()
        found.insert(at + 2 + offset, f"{side}_{suffix}", values)
    return found


def together(parts: list[GeoDataFrame]) -> GeoDataFrame:
    """Return the findings of several pairs of layers as one table."""
    if not parts:
        raise BadQuery("there are no two layers to measure against each other: name others")
    filled = [part for part in parts if len(part)]
    joined = pd.concat(filled, ignore_index=True) if filled else parts[0]
    joined.attrs = {}
    return joined


def run_record(planes: list[str] | tuple[str, ...]) -> RunRecord:
    """Return the record of a run that measured in these planes."""
    return RunRecord(
        software=f"geoplan {geoplan.__version__}",
        time=datetime.now(tz=UTC),
        measuring_planes=tuple(dict.fromkeys(planes)),
    )
