"""Planning rules as data, and the check of a plan against them."""

from geoplan.rules.model import Rule
from geoplan.rules.pack import RulePack, load_pack

__all__ = ["Rule", "RulePack", "load_pack"]
