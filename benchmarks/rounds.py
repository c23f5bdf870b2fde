"""Runs of all contestants of a workload, one after the other, round by round.

Alternating, so that a noisy minute hurts all; each run in a process of its own, so that peak
memory and caches are its own.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.workloads import workload

ROOT = Path(__file__).parents[1]
Runs = dict[str, list[dict[str, Any]]]


def data_for(name: str, size: str, folder: Path) -> Path:
    """Return the folder of a workload's layers, building it unless it stands already."""
    options = workload(name).SIZES[size]
    target = folder / f"{name}-{size}-{_recipe(name, options)}"
    if not target.exists():
        unfinished = target.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        program = (
            "import sys; from pathlib import Path; from benchmarks.workloads import workload; "
            f"workload({name!r}).build(Path(sys.argv[1]), **{options!r})"
        )
        # in a process of its own: a million parcels are not kept here
        subprocess.run([sys.executable, "-c", program, str(unfinished)], check=True, cwd=ROOT)
        unfinished.rename(target)
    return target


def _recipe(name: str, options: dict[str, int]) -> str:
    """Return a digest of what makes the layers: other code or sizes, another folder."""
    here = Path(__file__).parent
    builder = inspect.getsourcefile(workload(name).build)
    sources = [here / "layers.py", here / "rasters.py", Path(builder or "")]
    content = b"".join(path.read_bytes() for path in sources) + repr(options).encode()
    return hashlib.sha256(content).hexdigest()[:8]


def alternate(name: str, folder: Path, rounds: int, limit_s: float) -> Runs:
    """Return what each contestant's runs printed; who is absent or too slow is asked once."""
    runs: Runs = {who: [] for who in workload(name).WHO}
    for number in range(rounds):
        for who, taken in runs.items():
            if taken and "absent" in taken[-1]:
                continue
            taken.append(_run(name, who, folder, limit_s))
            print(f"  {name} round {number + 1}: {who}: {_said(taken[-1])}", file=sys.stderr)
    return runs


def _run(name: str, who: str, folder: Path, limit_s: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.run", name, who, str(folder)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        return {"absent": f"not done in {limit_s:.0f} s, reading included"}
    if done.returncode:
        return {"absent": f"failed: {(done.stderr.strip() or 'killed').splitlines()[-1][:200]}"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _said(run: dict[str, Any]) -> str:
    if "absent" in run:
        return str(run["absent"])
    cpu = f"{run['cpu_s']:.2f} s CPU, " if "cpu_s" in run else ""
    return f"{cpu}{run['wall_s']:.2f} s wall"
