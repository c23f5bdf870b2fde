"""Quality of a layer: findings under named codes, and repairs that have one right answer."""

from geoplan.quality.codes import CODES
from geoplan.quality.inspection import inspect
from geoplan.quality.repair import repair
from geoplan.quality.subject import LEVELS, Level, Limits

__all__ = ["CODES", "LEVELS", "Level", "Limits", "inspect", "repair"]
