"""The one seam to numba: how a function is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

Function = TypeVar("Function", bound="Callable[..., Any]")


def compiled(function: Function) -> Function:
    """Compile a function when it is first called; the machine code is kept beside its file.

    It holds no lock of the interpreter, and arithmetic stays as IEEE 754 has it: predicates
    that are exact depend on it.
    """
    made: Function = numba.njit(nogil=True, cache=True, fastmath=False)(function)
    return made
