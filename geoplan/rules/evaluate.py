"""One evaluator for each demand that a rule may make."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from geoplan.rules.channels import along_channel
from geoplan.rules.distances import beyond_zone, nearer, without_number
from geoplan.rules.meetings import crossing_angles, sharing
from geoplan.rules.model import (
    AlongChannel,
    ApprovalZone,
    AreaThreshold,
    BufferBeyond,
    CoverageAtLeast,
    CrossingAngle,
    CrossingNeedsApproval,
    InsideOnly,
    NoCrossing,
    NoNumericThreshold,
    NoOverlap,
    Setback,
)
from geoplan.rules.shares import together
from geoplan.rules.verdicts import Bound, settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandas import DataFrame

    from geoplan.rules.facing import Facing
    from geoplan.rules.model import Rule


def evaluate(rule: Rule, facing: Facing, rules: Mapping[str, Rule]) -> DataFrame:
    """Find what a rule says of two layers in one plane.

    Parameters
    ----------
    rule : Rule
    facing : Facing
        Subjects and objects; of demands that take the objects together, all objects.
    rules : mapping of str to Rule
        Those that it may build on.

    Returns
    -------
    DataFrame
        Verdicts (`geoplan.rules.verdicts.COLUMNS`) that are ``hit``, ``uncertain`` or
        ``not_checked``; what is not among them is clear, except for features whose position or
        accuracy is not known.
    """
    bound = Bound.by(rule, facing)
    return settled(_evaluated(rule, facing, rules, bound), bound)


def _evaluated(rule: Rule, facing: Facing, rules: Mapping[str, Rule], bound: Bound) -> DataFrame:
    demand = rule.demand
    match demand:
        case Setback():
            return nearer(facing, bound, demand.measured_from, demand.distance_m)
        case ApprovalZone():
            return nearer(facing, bound, demand.measured_from, demand.to_m, demand.from_m)
        case BufferBeyond():
            return beyond_zone(rule, demand, facing, rules)
        case AlongChannel():
            return along_channel(demand, facing, bound)
        case NoOverlap():
            return sharing(facing, bound, demand.measured_from)
        case NoCrossing() | CrossingNeedsApproval():
            return sharing(facing, bound, "centreline", ground=False)
        case CrossingAngle():
            return crossing_angles(demand, facing, bound)
        case InsideOnly() | CoverageAtLeast() | AreaThreshold():
            return together(demand, facing, bound)
        case NoNumericThreshold():
            return without_number(demand, facing, bound)
    assert_never(demand)


def reach_m(rule: Rule, rules: Mapping[str, Rule]) -> float:
    """Return the farthest distance that a rule looks at [m]."""
    demand = rule.demand
    match demand:
        case Setback():
            return demand.distance_m
        case ApprovalZone():
            return demand.to_m
        case BufferBeyond():
            zones = [rules[name].demand for name in demand.beyond if name in rules]
            return demand.distance_m + max(
                (zone.distance_m for zone in zones if isinstance(zone, Setback)), default=0.0
            )
        case AlongChannel():
            return max(demand.upstream_m, demand.downstream_m)
        case CoverageAtLeast():
            return demand.within_m
        case NoNumericThreshold():
            return demand.near_m or 0.0
        case (
            NoOverlap()
            | NoCrossing()
            | CrossingNeedsApproval()
            | CrossingAngle()
            | InsideOnly()
            | AreaThreshold()
        ):
            return 0.0
    assert_never(demand)
