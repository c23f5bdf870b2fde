"""A bar with percent for long work: on a terminal only, on a pipe nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from geoplan.cli.showing import printable
from geoplan.progress import QUIET, Progress, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.model import Lang


@contextmanager
def showing(lang: Lang) -> Iterator[Progress]:
    """Show what is being done to which file, of how many, and how much of the whole is done."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from geoplan.i18n import phrase

    console = Console(stderr=True)
    if not console.is_terminal:
        yield QUIET
        return
    percent = TextColumn("{task.percentage:>3.0f} %")
    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), percent)
    with Bar(*shown, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def tell(step: Step) -> None:
            words = phrase(f"progress.{step.what}", lang, what=printable(step.of))
            place = f"  {step.number}/{step.count}" if step.count > 1 else ""
            bar.update(task, description=escape(words + place), completed=step.ratio)

        yield Progress(tell)
