"""The process ``echo``, for test suites: it answers with its inputs, after a while if asked to.

It is there only where a setting says so (``GEOPLAN_ECHO``).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.model import Document, Text
from geoplan.processes import PROCESSES
from geoplan.processes.process import Inputs, Process, run_record
from geoplan.progress import QUIET, Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

_STEP_S = 0.05


class EchoInputs(Inputs):
    """Inputs of the process ``echo``."""

    text: str = Field(default="", description="Any text.")
    number: float | None = Field(default=None, description="Any number.")
    values: tuple[float, ...] = Field(default=(), description="Any numbers.")
    pause_s: float = Field(default=0.0, ge=0, le=3600, description="How long to wait [s].")
    memory_mb: int = Field(default=0, ge=0, description="How much memory to take [MB].")


def echo(_: Catalogue, inputs: EchoInputs, *, progress: Progress = QUIET) -> Document:
    """Answer with the inputs."""
    begun, taken = time.monotonic(), bytearray(inputs.memory_mb << 20)
    while (passed := time.monotonic() - begun) < inputs.pause_s:
        progress("waiting", round(passed / _STEP_S), round(inputs.pause_s / _STEP_S))
        time.sleep(_STEP_S)
    del taken
    told = inputs.model_dump(mode="json")
    return Document("echo", "application/json", json.dumps(told), told, (), run_record(()))


ECHO = Process(
    "echo",
    Text(zh="回声（测试用）", en="Echo (for tests)"),
    Text(zh="原样返回输入。", en="Answers with its inputs."),
    EchoInputs,
    echo,
)


def processes(*, with_echo: bool) -> Mapping[str, Process]:
    """Return the processes that a service offers."""
    return {**PROCESSES, ECHO.id: ECHO} if with_echo else PROCESSES
