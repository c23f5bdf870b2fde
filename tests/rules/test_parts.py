"""A check asked in parts finds the same, to the bit, whoever answers."""

from __future__ import annotations

import os
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import shapely

from geoplan.catalogue import Catalogue
from geoplan.rules.check import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geoplan.rules.check import Check
    from geoplan.rules.confrontation import Confrontation


def bits(found: Check) -> tuple[Any, ...]:
    table = pd.DataFrame(found.findings.drop(columns="geometry"))
    numbers = table.select_dtypes("number")
    shapes = shapely.to_wkb(found.findings.geometry.to_numpy()).tolist()
    texts = table.drop(columns=numbers.columns).map(str).to_numpy().tolist()
    tally = found.tally.map(str).to_numpy().tolist()
    return numbers.to_numpy(dtype=float).tobytes(), texts, shapes, tally, found.record.planes


PLANS = ["examples/town", "layers"] if os.environ.get("GEOPLAN_SOAK") else ["examples/town"]


@pytest.mark.parametrize("plan", PLANS)
def test_findings_are_the_same_however_a_check_is_parted(plan: str) -> None:
    catalogue = Catalogue.open(plan)
    one, asked = bits(check(catalogue)), list[int]()

    def shuffled(function: Callable[[Any], Any], parts: Iterable[Confrontation]) -> list[Any]:
        waiting = list(enumerate(parts))
        asked.append(max(len(part.subject.features) for _, part in waiting))
        random.Random(7).shuffle(waiting)  # noqa: S311 - no secret
        found = {at: function(part) for at, part in waiting}
        return [found[at] for at in sorted(found)]

    assert bits(check(catalogue, map=shuffled, part_features=3)) == one
    assert max(asked) <= 3


def test_findings_of_a_pool_are_the_same() -> None:
    catalogue = Catalogue.open("examples/town")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert bits(check(catalogue, map=pool, part_features=20)) == bits(check(catalogue))
