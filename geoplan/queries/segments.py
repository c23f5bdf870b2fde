"""What a route calls its places: its chainage, broken by equations into stretches.

A route is counted through in design metres from its start, whatever it is called on the way.
Each equation (断链) says that at one place the chainage that comes back along the route, and
the one that goes ahead, are different names of it. Behind a long chain (ahead < back, 长链)
values come a second time; before a short chain (ahead > back, 短链) values do not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from geoplan.errors import (
    ChainageAmbiguous,
    ChainageInvalid,
    ChainageNotFound,
    EquationInvalid,
    GeoplanError,
    RouteInvalid,
)
from geoplan.queries.stations import DECIMALS, Chainage, format_chainage, parse_chainage

if TYPE_CHECKING:
    from collections.abc import Collection

Refused = dict[Any, GeoplanError]
"""Id of a route that cannot be measured → what is wrong with it."""

AGREEMENT_M = 0.01
"""Within this, two statements of one design length say the same [m]."""

HALF_UNIT_M = 0.5 * 10**-DECIMALS
"""Half of the last decimal that is written [m]."""


class Equation(NamedTuple):
    """One row of the equation table."""

    back: Chainage
    ahead: Chainage
    label: str


class Segment(NamedTuple):
    """A stretch of a route whose chainage runs without a break.

    Attributes
    ----------
    label : str
        Its number from 0, or the name that the equation at its start gives it.
    prefix : str
        The letters of its chainages.
    design_from_m, design_to_m : float
        Design metres from the start of the route.
    value_from_m, value_to_m : float
        Its first and last chainage [m].
    """

    label: str
    prefix: str
    design_from_m: float
    design_to_m: float
    value_from_m: float
    value_to_m: float

    def value_at(self, design_m: float) -> float:
        """Return the chainage [m] at so many design metres from the start of the route."""
        return self.value_from_m + (design_m - self.design_from_m)


@dataclass(frozen=True)
class Segments:
    """The segments of one route, in order along it."""

    route_id: Any
    items: tuple[Segment, ...]

    @property
    def length_m(self) -> float:
        """The design length of the route [m]."""
        return self.items[-1].design_to_m

    def named(self, design_m: float, *, back: bool = False, decimals: int = DECIMALS) -> Chainage:
        """Name a place; at an equation by what goes ahead, or with `back` by what comes back."""
        segment = self.at(design_m, back=back)
        return self.named_in(segment, design_m, decimals)

    def all_names(self, design_m: float) -> tuple[Chainage, ...]:
        """Return all names of a place: two at an equation, one elsewhere."""
        at = dict.fromkeys((self.at(design_m, back=True), self.at(design_m, back=False)))
        return tuple(self.named_in(segment, design_m) for segment in at)

    def named_in(self, segment: Segment, design_m: float, decimals: int = DECIMALS) -> Chainage:
        """Name a place by one segment, with its label where the value occurs elsewhere too."""
        value = round(max(segment.value_at(design_m), 0.0), decimals)
        label = segment.label if len(self._occurrences(value, segment.prefix)) > 1 else None
        return Chainage(value, segment.prefix, label, decimals)

    def at(self, design_m: float, *, back: bool = False) -> Segment:
        """Return the segment of a place; at an equation the one ahead, or with `back` behind."""
        within = self.items
        if len(within) == 1:
            return within[0]
        if back:
            return next((s for s in within if design_m <= s.design_to_m + HALF_UNIT_M), within[-1])
        return next(
            (s for s in reversed(within) if design_m >= s.design_from_m - HALF_UNIT_M), within[0]
        )

    def _occurrences(self, value_m: float, prefix: str) -> list[Segment]:
        return [
            segment
            for segment in self.items
            if prefix in ("", segment.prefix)
            and segment.value_from_m - HALF_UNIT_M <= value_m <= segment.value_to_m + HALF_UNIT_M
        ]

    def design_m(self, chainage: Chainage) -> float:
        """Return where a chainage is, in design metres from the start of the route.

        Raises
        ------
        ChainageNotFound
            It lies before the start, behind the end, in the jump of a short chain, or in a
            segment or under letters that the route does not have.
        ChainageAmbiguous
            It occurs more than once; the message has the ways to say which.
        ChainageInvalid
            It counts past a kilometre where no long chain does.
        """
        found = self._occurrences(chainage.value_m, chainage.prefix)
        if chainage.segment is not None:
            found = [segment for segment in found if segment.label == chainage.segment]
        if not found:
            raise ChainageNotFound(self._why_not(chainage))
        if chainage.kilometre is not None:
            found = self._counting_on(chainage, found)
        places = [s.design_from_m + chainage.value_m - s.value_from_m for s in found]
        if max(places) - min(places) > HALF_UNIT_M:
            names = [
                Chainage(chainage.value_m, s.prefix, s.label, chainage.decimals) for s in found
            ]
            raise ChainageAmbiguous(
                f"{chainage} occurs {len(found)} times on route {self.route_id!r}: write "
                f"{' or '.join(map(str, names))}"
            )
        return min(max(places[0], found[0].design_from_m), found[0].design_to_m)

    def _counting_on(self, chainage: Chainage, found: list[Segment]) -> list[Segment]:
        """Return the segment meant by metres of a thousand and more: the first of a long chain."""
        again = self._occurrences(chainage.value_m, found[0].prefix)
        if len(again) < 2:
            plain = format_chainage(chainage.value_m, chainage.prefix, decimals=chainage.decimals)
            raise ChainageInvalid(
                f"{chainage} counts past its kilometre, which only a long chain does, and there "
                f"is none there on route {self.route_id!r}: write {plain}"
            )
        return found[:1]

    def _why_not(self, chainage: Chainage) -> str:
        route = f"route {self.route_id!r}"
        prefixes = dict.fromkeys(segment.prefix for segment in self.items)
        if chainage.prefix and chainage.prefix not in prefixes:
            return f"{chainage} is not on {route}, which counts in {', '.join(prefixes)}"
        labels = [segment.label for segment in self.items]
        if chainage.segment is not None and chainage.segment not in labels:
            return f"{chainage}: {route} has the segments {', '.join(labels)}"
        for one, other in pairwise(self.items):
            if one.prefix == other.prefix and (
                one.value_to_m < chainage.value_m < other.value_from_m
            ):
                return (
                    f"{chainage} does not exist on {route}: a short chain jumps from "
                    f"{_end(one)} to {_start(other)}"
                )
        runs = "; ".join(
            f"[{segment.label}] {_start(segment)} to {_end(segment)}" for segment in self.items
        )
        return f"{chainage} is not on {route}, which runs {runs}"


def _start(segment: Segment) -> str:
    return format_chainage(segment.value_from_m, segment.prefix)


def _end(segment: Segment) -> str:
    return format_chainage(segment.value_to_m, segment.prefix)


def segments_of(
    route_id: Any,
    start: Chainage,
    equations: Collection[Equation] = (),
    *,
    end: Chainage | None = None,
    length_m: float | None = None,
) -> Segments:
    """Return the segments of a route from its first chainage, its equations and its end.

    Parameters
    ----------
    route_id : object
        For messages.
    start : Chainage
        Of the start of the route.
    equations : collection of Equation
        In order along the route.
    end : Chainage, optional
        Of the end of the route. Either it or `length_m` is needed.
    length_m : float, optional
        The design length [m]; with `end` the two have to agree to a centimetre.

    Raises
    ------
    RouteInvalid
        The chainage does not grow from start to end, or the end does not agree.
    EquationInvalid
        A value is not on the route where its equation stands, or an equation says nothing.
    """
    done: list[Segment] = []
    here, design, label = start, 0.0, "0"
    for equation in equations:
        back = _in_letters(route_id, equation.back, here, f"equation {_said(equation)}")
        _refuse_equation(route_id, equation, back, here)
        reach = back.value_m - here.value_m
        done.append(Segment(label, here.prefix, design, design + reach, here.value_m, back.value_m))
        design += reach
        here = replace(equation.ahead, prefix=equation.ahead.prefix or here.prefix)
        label = equation.label or str(len(done))
    reach = _last_reach(route_id, here, design, done, end, length_m)
    last = Segment(label, here.prefix, design, design + reach, here.value_m, here.value_m + reach)
    items = (*done, last)
    labels = [segment.label for segment in items]
    if len(set(labels)) < len(labels):
        raise EquationInvalid(f"route {route_id!r} has two segments of one name: {labels}")
    return Segments(route_id, items)


def _last_reach(
    route_id: Any,
    here: Chainage,
    design: float,
    done: list[Segment],
    end: Chainage | None,
    length_m: float | None,
) -> float:
    """Return the design length from the last equation, or the start, to the end [m]."""
    if end is None:
        assert length_m is not None, "either the end or the length is known"  # noqa: S101
        if length_m - design <= HALF_UNIT_M:
            raise EquationInvalid(
                f"route {route_id!r} is {length_m:.3f} m long and ends before its last equation, "
                f"{design:.3f} m from the start: an equation has a value outside of the route"
            )
        return length_m - design
    last = _in_letters(route_id, end, here, "chainage_to")
    reach = last.value_m - here.value_m
    if reach <= 0 and done:
        raise EquationInvalid(
            f"route {route_id!r} ends at {end}, which is not behind its last equation, after "
            f"which it counts from {here}: an equation has a value outside of the route"
        )
    if reach <= 0:
        raise RouteInvalid(
            f"the chainage of route {route_id!r} does not grow, from {here} to {end}: where the "
            f"line was drawn against its chainage, say so (drawn_backwards); otherwise put the "
            f"two right"
        )
    if length_m is not None and abs(design + reach - length_m) > AGREEMENT_M:
        raise RouteInvalid(
            f"the M values of route {route_id!r} count {length_m:.3f} m, but from its first to "
            f"its last chainage, {end}, there are {design + reach:.3f} m: put one right"
        )
    return reach if length_m is None else length_m - design


def _refuse_equation(route_id: Any, equation: Equation, back: Chainage, here: Chainage) -> None:
    if back.value_m - here.value_m <= HALF_UNIT_M:
        raise EquationInvalid(
            f"equation {_said(equation)} of route {route_id!r} stands at or before {here}, where "
            f"its stretch of the route begins: list equations in order along the route, and none "
            f"outside of it"
        )
    same = abs(back.value_m - equation.ahead.value_m) <= HALF_UNIT_M
    if same and equation.ahead.prefix in ("", back.prefix):
        raise EquationInvalid(
            f"equation {_said(equation)} of route {route_id!r} says nothing: both sides are one "
            f"chainage"
        )


def _in_letters(route_id: Any, chainage: Chainage, here: Chainage, what: str) -> Chainage:
    """Refuse a chainage whose letters are not those of the stretch it ends."""
    if chainage.prefix in ("", here.prefix):
        return chainage
    raise EquationInvalid(
        f"{what} of route {route_id!r}: {chainage} has other letters than {here}, from where the "
        f"route counts: an equation is missing, or the letters are wrong"
    )


def _said(equation: Equation) -> str:
    return f"{equation.back} = {equation.ahead}"


def equations_by_route(
    equations: pd.DataFrame | None, route_ids: Collection[Any], refused: Refused
) -> dict[Any, list[Equation]]:
    """Return the rows of an equation table, by route, in their order.

    Parameters
    ----------
    equations : DataFrame or None
        Columns ``route_id``, ``back_chainage``, ``ahead_chainage``; ``segment_name`` may name
        the stretch ahead. Rows of one route stand in order along it.
    route_ids : collection
        All routes there are, located or not.
    refused : dict
        Gets the routes with a chainage that cannot be read.

    Raises
    ------
    EquationInvalid
        A column is missing, or a row names a route that there is not.
    """
    by_route: dict[Any, list[Equation]] = {}
    if equations is None:
        return by_route
    missing = {"route_id", "back_chainage", "ahead_chainage"} - set(equations.columns)
    if missing:
        raise EquationInvalid(f"the equation table has no column {', '.join(sorted(missing))}")
    known = set(route_ids)
    names = equations.get("segment_name", pd.Series("", index=equations.index))
    columns = (equations["route_id"], equations["back_chainage"], equations["ahead_chainage"])
    for number, (route, back, ahead, name) in enumerate(zip(*columns, names, strict=True), 1):
        if route not in known:
            raise EquationInvalid(
                f"row {number} of the equation table names route {route!r}, which is not among "
                f"the routes: put the id right, or leave the row out"
            )
        where = f"row {number} of the equation table, route {route!r}"
        label = name.strip() if isinstance(name, str) else ""
        try:
            equation = Equation(
                parse_chainage(back, f"{where}, back_chainage"),
                parse_chainage(ahead, f"{where}, ahead_chainage"),
                label,
            )
        except ChainageInvalid as error:
            refused.setdefault(route, error)
            continue
        by_route.setdefault(route, []).append(equation)
    return by_route
