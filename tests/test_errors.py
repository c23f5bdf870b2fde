"""The error tree: every class documented, drawn, and with an exit code."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import geoplan
from geoplan import cli, errors
from geoplan.errors import BadData, BadEnvironment, BadRequest, GeoplanError

for module in pkgutil.walk_packages(geoplan.__path__, "geoplan."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)  # a class defined anywhere is a subclass to walk


def descendants(cls: type[GeoplanError]) -> list[type[GeoplanError]]:
    return [
        found
        for child in cls.__subclasses__()
        if child.__module__.startswith("geoplan.")
        for found in [child, *descendants(child)]
    ]


ALL: list[type[GeoplanError]] = [GeoplanError, *descendants(GeoplanError)]
BRANCHES = [BadRequest, BadData, BadEnvironment]


def drawn() -> dict[str, str | None]:
    """Return the tree in the module's docstring: name → name of its parent."""
    assert errors.__doc__ is not None
    picture = errors.__doc__.split("::\n")[1].split("\n\nNo web")[0]
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in picture.splitlines():
        if not line.strip():
            continue
        name = line.lstrip(" │├└─").split()[0]
        indent = line.index(name)
        above = [(column, parent) for column, parent in above if column < indent]
        parents[name] = above[-1][1] if above else None
        above.append((indent, name))
    return parents


def test_there_are_errors_to_walk() -> None:
    assert len(ALL) > 15
    assert len({cls.__name__ for cls in ALL}) == len(ALL)


def test_the_tree_drawn_is_the_tree_there_is() -> None:
    real: dict[str, str | None] = {cls.__name__: cls.__bases__[0].__name__ for cls in ALL}
    real["GeoplanError"] = None
    assert drawn() == real


@pytest.mark.parametrize("cls", ALL, ids=str)
def test_an_error_says_what_it_means(cls: type[GeoplanError]) -> None:
    assert cls.__doc__ is not None
    assert cls.__doc__.endswith(".")
    assert cls.__module__ == "geoplan.errors"


@pytest.mark.parametrize("cls", ALL[1:], ids=str)
def test_an_error_has_one_parent_in_one_branch(cls: type[GeoplanError]) -> None:
    assert len(cls.__bases__) == 1
    assert sum(issubclass(cls, branch) for branch in BRANCHES) == 1


@pytest.mark.parametrize("cls", ALL[1:], ids=str)
def test_an_error_has_the_exit_code_of_its_branch(cls: type[GeoplanError]) -> None:
    expected = {BadRequest: 2, BadData: 3, BadEnvironment: 4}
    (branch,) = [one for one in BRANCHES if issubclass(cls, one)]
    assert cli.exit_code(cls("why")) == expected[branch]


def test_a_new_class_takes_the_exit_code_of_its_nearest_parent() -> None:
    class TooNew(errors.EmptyLayer):
        """A class that no table knows."""

    assert cli.exit_code(TooNew("why")) == 3
