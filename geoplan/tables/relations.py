"""Table A 与环境敏感区/控制线位置关系一览表: what each project is to each protected thing."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.model import Table
from geoplan.tables import wording
from geoplan.tables.facts import AUTHORITY, ZONE
from geoplan.tables.lying import BESIDE, main_stretch, relation_of, stretches
from geoplan.tables.numbering import PAIR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.tables.facts import Facts
    from geoplan.tables.lying import Routes

    Drawn = dict[tuple[Any, Any], dict[str, float]]
    """Pair of (layer, id) → its shared area [m²] and length [m]."""

PRINTED = (
    "row", "number", "project", "name", "kind_class", "zone", "authority", "relation", "chainage",
    "chainage_basis", "side", "length_m", "area_hm2", "min_distance_m", "structure",
    "measurement", "basis", "conclusion", "procedure", "opinion",
)  # fmt: skip
NUMBERS = ["length_m", "area_hm2", "min_distance_m"]
_TEXTS = ("project", "name", "kind_class", "zone", "authority", "measurement", "basis",
          "conclusion", "procedure")  # fmt: skip
COLUMNS = [
    "row", "number", "outcome", "severity", *PAIR, "relation", "chainage", "chainage_basis",
    "side", *NUMBERS, "structure", *(f"{name}{end}" for name in _TEXTS for end in ("", "_en")),
    "opinion", "rule_ids", "finding_ids", "decisions",
]  # fmt: skip
"""Of the rows. ``opinion`` is left for people; what a row stands for is in ``finding_ids``.

``decisions`` holds what was decided of each of these, in their order (``accepted;;exempt``); it is
None where nothing was.
"""


def relations(
    numbers: pd.DataFrame, facts: Facts, pieces: pd.DataFrame, routes: Mapping[str, Routes]
) -> Table:
    """Arrange findings as table A.

    Parameters
    ----------
    numbers : DataFrame
        Findings that concern a feature, as of `numbered`.
    facts : Facts
    pieces : DataFrame
        What the pairs share, as of `geoplan.tables.matrix.pieces_of`.
    routes : mapping of str to Routes
        Layer id → its lines, for each layer of lines.

    Returns
    -------
    Table
        `COLUMNS`, one row for each number: hits and what is uncertain first, then what was not
        checked. Lengths [m], areas [hm²].
    """
    shares = _drawn(pieces)
    main = _stretches_of(numbers, facts, routes)
    groups = groupby(numbers.to_dict("records"), key=itemgetter("number"))
    rows = [_row(list(group), facts, main, shares) for _, group in groups]
    table = pd.DataFrame(rows, columns=COLUMNS[1:])
    table.insert(0, "row", range(1, len(table) + 1))
    return Table("A", table.astype(dict.fromkeys(NUMBERS, float)), PRINTED)


def _drawn(pieces: pd.DataFrame) -> Drawn:
    """Return what each pair shares as drawn: rules on distances do not say it."""
    sums = pieces.groupby(["left_id", "right_id"], sort=False)[["area_m2", "length_m"]]
    told: Drawn = {
        (row["left_id"], row["right_id"]): {"area_m2": row["area_m2"], "length_m": row["length_m"]}
        for row in sums.sum(min_count=1).reset_index().to_dict("records")
    }
    return told


def _stretches_of(
    numbers: pd.DataFrame, facts: Facts, routes: Mapping[str, Routes]
) -> dict[tuple[Any, ...], Any]:
    """Return the stretch that says most of each pair whose subject is a line."""
    told: dict[tuple[Any, ...], Any] = {}
    placed = numbers[numbers["object_id"].notna()]
    for key, rows in placed.groupby(["subject_layer", "object_layer"], sort=False):
        mine, other = map(str, key)
        if mine not in routes or other not in facts.features:
            continue
        distances = rows.loc[rows["measure"] == "distance", "measured"].astype(float)
        # the longest way that any pair of theirs was measured over, and a centimetre
        within = float(np.nan_to_num(distances.max())) + 0.01
        pairs = set(zip(rows["subject_id"], rows["object_id"], strict=True))
        found = stretches(routes[mine], facts.features[other], pairs, within)
        for (route, zone), row in main_stretch(found).items():
            told[mine, route, other, zone] = row
    return told


def _row(
    found: wording.Rows, facts: Facts, main: dict[tuple[Any, ...], Any], shares: Drawn
) -> dict[str, Any]:
    """Return the row of the findings that go by one number, the worst of them first."""
    first = found[0]
    mine, subject, other, thing = (first[name] for name in PAIR)
    texts = {
        "project": facts.name(mine, subject),
        "name": facts.title(other) if thing is None else facts.name(other, thing),
        "kind_class": facts.kind_and_class(other, thing),
        "zone": facts.first(other, thing, ZONE),
        "authority": facts.first(other, thing, AUTHORITY),
        "measurement": wording.measurement(found),
        "basis": wording.basis(found),
        "conclusion": wording.conclusion(found, facts),
        "procedure": wording.procedure(found),
    }
    return {
        **{name: first[name] for name in ("number", "outcome", "severity", *PAIR)},
        **({} if thing is None else _place(found, facts, main, shares)),
        **{name: told.zh for name, told in texts.items()},
        **{f"{name}_en": told.en for name, told in texts.items()},
        "opinion": None,
        "rule_ids": ";".join(one["rule_id"] for one in found),
        "finding_ids": ";".join(one["finding_id"] for one in found),
        "decisions": _decisions(found),
    }


def _decisions(found: wording.Rows) -> str | None:
    told = [one.get("decision") or "" for one in found]
    return ";".join(told) if any(told) else None


def _place(
    found: wording.Rows, facts: Facts, main: dict[tuple[Any, ...], Any], shares: Drawn
) -> dict[str, Any]:
    """Return how, where, and over which length or area a subject lies to an object."""
    mine, subject, other, thing = (found[0][name] for name in PAIR)
    stretch = main.get((mine, subject, other, thing))
    lines = [facts.layers[one].geometry == "line" for one in (mine, other)]
    distances = [one["measured"] for one in found if one["measure"] == "distance"]
    nearest = min((one for one in distances if one == one), default=np.nan)
    measures = [one[name] for one in found for name in ("shared_area_m2", "shared_length_m")]
    ground = any(one > 0 for one in measures)
    crossing = all(lines) and nearest == 0  # a point of contact is no shared ground
    drawn = shares.get(((mine, subject), (other, thing)), {})
    meet = ground or crossing or bool(drawn)
    relation = relation_of(stretch, meet, lines[0])
    names = "shared_length_m", "stretch_length_m"
    lengths = [one[name] for one in found for name in names]
    told = [one for one in found if one["chainage_from"] is not None]
    return {
        "relation": relation,
        "chainage": None if len(told) == 0 else _chainage(told[0]),
        "chainage_basis": _first(one["chainage_basis"] for one in found),
        "side": None if stretch is None else stretch["side"],
        "length_m": _first([*lengths, drawn.get("length_m")]),
        "area_hm2": _hectares(
            _first([*(one["shared_area_m2"] for one in found), drawn.get("area_m2")])
        ),
        "min_distance_m": nearest if relation == BESIDE else 0.0,
        "structure": None if stretch is None else stretch["structure"],
    }


def _chainage(row: Any) -> str:
    """Return K1+000.000～K2+000.000, one after the other where there are several stretches."""
    ends = (str(row[name]).split(";") for name in ("chainage_from", "chainage_to"))
    return ";".join(one if one == two else f"{one}～{two}" for one, two in zip(*ends, strict=True))


def _first(values: Any) -> Any:
    return next((value for value in values if not pd.isna(value)), None)


def _hectares(area_m2: float | None) -> float | None:
    return None if area_m2 is None else area_m2 / wording.HECTARE_M2
