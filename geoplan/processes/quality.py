"""The process ``quality``: what is wrong, doubtful or not published in layers."""

from __future__ import annotations

from geoplan import reviewing
from geoplan.catalogue import Catalogue
from geoplan.model import Result, Text
from geoplan.processes.layers import LayersInputs
from geoplan.processes.process import Process, chosen, run_record
from geoplan.progress import QUIET, Progress


def quality(catalogue: Catalogue, inputs: LayersInputs, progress: Progress = QUIET) -> Result:
    """Find what is wrong, doubtful or not published in layers; see `geoplan.quality`."""
    asked = chosen(catalogue, inputs.layers)
    found = reviewing.review(catalogue, asked, progress)
    run, totals = run_record(found.attrs.pop("measuring_planes")), reviewing.totals(found)
    return Result("quality", found, inputs.model_dump(), asked, run, totals=totals)


PROCESS = Process(
    "quality",
    Text(zh="质量检查", en="Quality"),
    Text(
        zh="图层中有误、存疑或未公布之处，逐项列出代码、级别、要素与位置；不作改动。",
        en="What is wrong, doubtful or not published in layers, each under a named code "
        "with level, feature and place; nothing is changed.",
    ),
    LayersInputs,
    quality,
)
