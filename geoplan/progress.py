"""How far long work has come: told by who does the work, shown by who asked for it.

The library prints nothing. What takes long takes a `Progress`, tells it of each step, and hands
parts of it to what it calls. Nothing is told of work that failed beyond where it failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Report = Callable[[int, int], None]
    """Takes how much is done, of how much; 0 where that is not known."""

_T = TypeVar("_T")
_REPORTS = 100
"""How often one loop tells how far it is: enough for a bar, too seldom to cost anything."""


@dataclass(frozen=True)
class Step:
    """Where long work is.

    Attributes
    ----------
    what : str
        What is being done: reading, placing, checking, writing …
    of : str
        The file or layer it is done to; empty where the work does not know.
    done, total : int
        How many rows, bytes or checks of this step; a total of 0 is not known.
    ratio : float
        How much of the whole work is done. It never falls, and is 1 once all is done.
    number, count : int
        Which of how many files or layers this is.
    """

    what: str
    of: str
    done: int
    total: int
    ratio: float
    number: int
    count: int


@dataclass(frozen=True)
class Progress:
    """A stretch of work that tells how far it is; without a listener it costs nothing.

    Attributes
    ----------
    tell : callable, optional
        Gets each `Step`, in the thread that does the work. What it raises ends the work.
    begin, end : float
        Where in the whole work the stretch lies.
    of, number, count
        As in `Step`.

    Examples
    --------
    >>> whole = Progress(lambda step: print(f"{step.what} {step.of} {step.ratio:.0%}"))
    >>> reading, writing = whole.about("a.csv").split(3, 1)
    >>> reading("reading", 10, 40)
    reading a.csv 19%
    >>> writing("writing", 1, 1)
    writing a.csv 100%
    """

    tell: Callable[[Step], None] | None = None
    begin: float = 0.0
    end: float = 1.0
    of: str = ""
    number: int = 1
    count: int = 1

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell how much of a step is done, of how much; 0 where that is not known."""
        if self.tell is None:
            return
        share = min(done / total, 1.0) if total > 0 else 0.0
        ratio = self.begin + (self.end - self.begin) * share
        # rounding must not carry the last report short of the end, nor any beyond it
        ratio = self.end if share == 1.0 else min(ratio, self.end)
        self.tell(Step(what, self.of, done, total, ratio, self.number, self.count))

    def about(self, of: str, number: int | None = None, count: int | None = None) -> Progress:
        """Return the same stretch, named after a file or layer: number so-and-so of so many."""
        return replace(self, of=of, number=number or self.number, count=count or self.count)

    def split(self, *weights: float) -> list[Progress]:
        """Return stretches that follow each other and make up this one; weights are shares."""
        if not weights:
            return []
        whole = sum(weights) or 1.0
        ends = [
            self.begin + (self.end - self.begin) * summed / whole for summed in accumulate(weights)
        ]
        ends[-1:] = [self.end]
        begins = [self.begin, *ends[:-1]]
        return [replace(self, begin=at, end=to) for at, to in zip(begins, ends, strict=True)]

    def each(self, items: Iterable[_T], what: str, total: int) -> Iterator[_T]:
        """Yield items, telling how many of them are done."""
        if self.tell is None:
            return iter(items)
        return each(items, total, self.report(what))

    def report(self, what: str) -> Report | None:
        """Return what takes the counts of one step; None where nobody listens."""
        if self.tell is None:
            return None
        return lambda done, total: self(what, done, total)


QUIET = Progress()
"""Nobody listens."""


def each(items: Iterable[_T], total: int, report: Report | None) -> Iterator[_T]:
    """Yield items, reporting about a hundred times how many were taken, the last time all."""
    if report is None:
        yield from items
        return
    source, at_once = iter(items), max(1, total // _REPORTS)
    for done in range(0, total, at_once):
        report(done, total)
        yield from islice(source, at_once)
    yield from source  # a count that was too low loses nothing
    report(total, total)


def one_of(report: Report | None, number: int, count: int) -> Report | None:
    """Return what reports on one of several tables of a step, number 0 the first: equal shares."""
    if report is None or count == 1:
        return report

    def told(done: int, total: int) -> None:
        known = max(total, 1)
        report(number * known + min(done, total), count * known)

    return told
