"""The one seam to numba: how a function is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")

_OPTIONS = {"nogil": True, "cache": True, "fastmath": False, "error_model": "numpy"}


def compiled(function: Function) -> Function:
    """Compile a function when it is first called; the machine code is kept beside its file.

    It holds no lock of the interpreter, and arithmetic stays as IEEE 754 has it: predicates
    that are exact depend on it.
    """
    return cast("Function", _once(numba.njit(**_OPTIONS, _nrt=True)(function)))


def lean(function: Function) -> Function:
    """Compile a function that makes no array of its own: it then counts no references to any.

    Counting is atomic, and costs more than the work where it is done for every pair or edge.
    """
    return cast("Function", _once(numba.njit(**_OPTIONS, _nrt=False)(function)))


def inlined(function: Function) -> Function:
    """Compile a function into the one that calls it: to hand on many arrays costs more than work.

    For functions that are called in one place, once for every pair.
    """
    return cast("Function", numba.njit(nogil=True, inline="always")(function))


def _once(dispatcher: Any) -> Any:
    """Have a function compiled once for its types, not again for each constant it is called with.

    Of numba's own accord it is, where compiled functions call it: that takes half of the time.
    """
    by_types = dispatcher.get_call_template
    dispatcher.get_call_template = lambda args, kws: by_types(
        tuple(numba.types.unliteral(one) for one in args), kws
    )
    return dispatcher
