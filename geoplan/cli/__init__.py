"""The command line: a command is a process. The only room that prints.

Exit codes: 0 done, 1 a ``--fail-on`` condition holds, 2 the question is wrong, 3 the data are
at fault, 4 the machine does not give what is needed.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper

import typer

from geoplan.cli import (
    asking,
    deciding,
    diagnosing,
    figures,
    foreign,
    granting,
    keeping,
    mapping,
    plans,
    rasters,
    reporting,
    routes,
    ruling,
    scaling,
    sites,
    versions,
)
from geoplan.cli.exits import exit_code
from geoplan.errors import GeoplanError

__all__ = ["app", "exit_code", "main"]

app = typer.Typer(
    name="geoplan",
    help="规划图层的叠加与覆盖分析、离线地图。"
    "Planning layers: overlaps, coverage, a map that opens anywhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # else "[m²]" in a help text is taken for markup and vanishes
)
_PARTS = (
    plans,
    mapping,
    asking,
    routes,
    sites,
    ruling,
    figures,
    reporting,
    deciding,
    diagnosing,
    versions,
    rasters,
    scaling,
    foreign,
    keeping,
    granting,
)
for part in _PARTS:
    part.register(app)


def main() -> None:
    """Run the command line; an error of geoplan becomes one line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # a terminal that cannot show 公顷 or m² shows a question mark, not a traceback
            stream.reconfigure(errors="replace")
    try:
        app()
    except GeoplanError as error:
        sys.stderr.write(f"geoplan: {type(error).__name__}: {error}\n")
        raise SystemExit(exit_code(error)) from None
