"""What the routes share: the plan, its surveys, and room for few heavy runs at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from anyio import CapacityLimiter

from geoplan_api.survey import Surveys

if TYPE_CHECKING:
    from geoplan.catalogue import Catalogue
    from geoplan.settings import Settings

RUNS_AT_A_TIME = 2


@dataclass(frozen=True)
class Service:
    """A plan being served.

    Attributes
    ----------
    catalogue : Catalogue
        The plan.
    settings : Settings
        Defaults: language, host.
    surveys : Surveys
        Where its layers lie.
    runs : CapacityLimiter
        Lets few processes run at a time; others wait.
    """

    catalogue: Catalogue
    settings: Settings
    surveys: Surveys
    runs: CapacityLimiter

    @classmethod
    def of(cls, catalogue: Catalogue, settings: Settings) -> Self:
        """Make what the routes share."""
        return cls(catalogue, settings, Surveys(catalogue), CapacityLimiter(RUNS_AT_A_TIME))
