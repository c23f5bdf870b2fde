"""What a check found."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Level = Literal["ok", "warn", "fail"]


class Check(NamedTuple):
    """A check.

    Attributes
    ----------
    level : {"ok", "warn", "fail"}
        ``warn`` hinders some things, ``fail`` most.
    key : str
        Phrase that tells it, ``doctor.<key>`` of the phrases.
    values : dict
        What stands in the blanks of the phrase.
    of_plan : bool
        Whether the data are at fault, not the machine.
    """

    level: Level
    key: str
    values: dict[str, Any]
    of_plan: bool = False
