"""A command is a process: its inputs checked, run on the plan, and what a condition makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from geoplan.cli.options import settings

if TYPE_CHECKING:
    from pydantic import BaseModel

    from geoplan.model import Result
    from geoplan.processes import Process
    from geoplan.progress import Progress
    from geoplan.queries.mapping import Map

FAIL_ON_MET = 1


def run(
    process_id: str,
    plan: Path | None,
    progress: Progress | None = None,
    ask: Map | None = None,
    **inputs: Any,
) -> Any:
    """Run a process on a plan; inputs that do not fit are named as options are."""
    from geoplan.catalogue import Catalogue
    from geoplan.processes import PROCESSES

    process = PROCESSES[process_id]
    checked = checked_inputs(process, inputs)
    told: dict[str, Any] = {} if progress is None else {"progress": progress}
    told |= {} if ask is None else {"map": ask}
    return process.run(Catalogue.open(plan or settings().plan), checked, **told)


def checked_inputs(process: Process, inputs: dict[str, Any]) -> BaseModel:
    """Return the inputs of a process; those that do not fit are named as options are."""
    from pydantic import ValidationError

    try:
        return process.inputs.model_validate(inputs)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # of several inputs together
            raise typer.BadParameter(first["msg"].removeprefix("Value error, ")) from None
        raise typer.BadParameter(
            f"{first['msg']}; got {first['input']!r}", param_hint=str(first["loc"][0])
        ) from None


def refuse_unknown_condition(fail_on: str | None, *known: str) -> None:
    """Refuse a ``--fail-on`` that no command knows."""
    if fail_on not in (None, *known):
        raise typer.BadParameter(f"{fail_on!r}; known: {', '.join(known)}", param_hint="--fail-on")


def unmeasured(result: Result, condition: str, strict: str) -> bool:
    """Tell whether a strict condition holds because something could not be measured."""
    return condition == strict and any(item.reason != "below_minimum" for item in result.left_out)
