"""The process ``overlap-matrix``: what each pair of layers shares, in sum and counted once."""

from __future__ import annotations

from pydantic import Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.model import Result, Text
from geoplan.processes.process import Inputs, LayerIds, Process, chosen, plan_layers, run_record
from geoplan.reading import LayerReader, naming, unlocated


class MatrixInputs(Inputs):
    """Inputs of the process ``overlap-matrix``."""

    layers: LayerIds = Field(
        default=(), description="Two or more layer ids; none means all layers of the plan."
    )


def overlap_matrix(catalogue: Catalogue, inputs: MatrixInputs) -> Result:
    """Measure what each pair of layers shares; see `geoplan.queries.overlap_matrix`."""
    asked = chosen(catalogue, inputs.layers) if inputs.layers else plan_layers(catalogue)
    if len(asked) < 2:
        raise BadQuery("a matrix needs two layers or more")
    read = LayerReader(catalogue)
    frames = {layer.id: read(layer) for layer in asked}
    with naming(*asked):
        found = queries.overlap_matrix(frames)
    planes = found.attrs["measuring_planes"]
    found = found.rename(columns={"left": "left_layer", "right": "right_layer"})
    found.attrs = {}
    left_out = tuple(unlocated(asked, read))
    totals = {
        name: float(found[name].sum())
        for name in ("pair_count", "area_gross_m2", "area_union_m2", "length_gross_m",
                     "length_union_m", "point_count")
    }  # fmt: skip
    run = run_record(planes)
    return Result("overlap-matrix", found, inputs.model_dump(), asked, run, left_out, totals)


PROCESS = Process(
    "overlap-matrix",
    Text(zh="叠加矩阵", en="Overlap matrix"),
    Text(
        zh="两两图层之间的重叠对数、面积与长度，合计值与去重值并列，重复计算一目了然。",
        en="What each pair of layers shares: pairs, area and length, in sum and with ground "
        "counted once, so that double counting shows.",
    ),
    MatrixInputs,
    overlap_matrix,
)
