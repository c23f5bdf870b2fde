"""The one seam to numba: how a function is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


def compiled(function: Function) -> Function:
    """Compile a function when it is first called; the machine code is kept beside its file.

    It holds no lock of the interpreter, and arithmetic stays as IEEE 754 has it: predicates
    that are exact depend on it.
    """
    return cast("Function", _compiled(function, makes_arrays=True))


def lean(function: Function) -> Function:
    """Compile a function that makes no array of its own: it then counts no references to any.

    Counting is atomic, and costs more than the work where it is done for every pair or edge.
    """
    return cast("Function", _compiled(function, makes_arrays=False))


def inlined(function: Function) -> Function:
    """Compile a function into the one that calls it: to hand on many arrays costs more than work.

    For functions that are called in one place, once for every pair.
    """
    return cast("Function", numba.njit(nogil=True, inline="always")(function))


def _compiled(function: Any, *, makes_arrays: bool) -> Any:
    """Return the function as numba has it, compiled once for the types that it is called with.

    Of numba's own accord, one that compiled functions call is compiled again for each constant
    that they hand it: that took a third of all compiling.
    """
    options: dict[str, Any] = {"error_model": "numpy", "_nrt": makes_arrays}
    dispatcher: Any = numba.njit(nogil=True, cache=True, fastmath=False, **options)(function)
    by_types, plain = dispatcher.get_call_template, cast("Any", numba.types).unliteral
    dispatcher.get_call_template = lambda types, named: by_types(
        tuple(plain(one) for one in types), named
    )
    return dispatcher
