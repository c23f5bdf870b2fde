"""CPU time of a server, and of a database that works for it, out of /proc."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def spent_ms(pid: int) -> float:
    """Return what the threads of a process have used, to the nanosecond [ms]."""
    total = 0
    for thread in (_PROC / str(pid) / "task").iterdir():
        total += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e6


def family_spent_ms(parent: int) -> float:
    """Return what the living children of a process, and those it has waited for, have used [ms]."""
    fields = (_PROC / str(parent) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    waited = (int(fields[13]) + int(fields[14])) / _TICKS * 1000  # cutime, cstime
    return waited + sum(spent_ms(child) for child in _children(parent))


def peak_rss_mb(pid: int) -> float:
    """Return the most memory that a process has held [MB]."""
    for line in (_PROC / str(pid) / "status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def _children(parent: int) -> list[int]:
    found = []
    for thread in (_PROC / str(parent) / "task").iterdir():
        found += [int(one) for one in (thread / "children").read_text(encoding="ascii").split()]
    return found
