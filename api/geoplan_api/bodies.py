"""The body of a request: bounded in size, time and depth before anything parses it."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

import anyio

from geoplan_api.errors import BadBody, BodyTooLarge, BodyTooSlow, UnsupportedMediaType

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_DEPTH = 64
MAX_SECONDS = 10.0
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


async def read_json(request: Request, most: int) -> Any:
    """Return the JSON body of a request, of at most so many bytes.

    Raises
    ------
    UnsupportedMediaType
        It does not say that it is JSON.
    BodyTooLarge, BodyTooSlow
        It is larger, or slower, than the service takes.
    BadBody
        It is not JSON, is nested too deep, or holds what JSON has no word for (NaN, half a
        character).
    """
    kind = _kind(request)
    if kind != "application/json":
        raise UnsupportedMediaType(
            f"the body is {kind or 'of no stated kind'}; send JSON with "
            f"'Content-Type: application/json'"
        )
    return parse(await _read(request, most))


async def read_body(request: Request, kinds: tuple[str, ...], most: int) -> bytes:
    """Return the body of a request that is of one of some kinds, not parsed.

    Raises
    ------
    BadBody
        It does not say of what kind it is.
    UnsupportedMediaType
        It is of another kind.
    BodyTooLarge, BodyTooSlow
        It is larger than `most` bytes, or slower than the service takes.
    """
    kind = _kind(request)
    if not kind:
        raise BadBody(f"the request says not of what kind its body is: Content-Type: {kinds[0]}")
    if kind not in kinds:
        raise UnsupportedMediaType(f"the body is {kind}; send {' or '.join(kinds)}")
    return await _read(request, most)


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def parse(body: bytes) -> Any:
    """Return what a JSON text says.

    Raises
    ------
    BadBody
        It is not JSON, is nested too deep, or holds what JSON has no word for.
    """
    _refuse_deep(body)
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise BadBody(f"the body is not UTF-8, or holds half a character: {error}") from None
    except (ValueError, RecursionError) as error:
        raise BadBody(f"the body is not JSON: {error}") from None
    return found


async def _read(request: Request, most: int) -> bytes:
    stated = request.headers.get("content-length", "0")
    if stated.isdecimal() and int(stated) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        with anyio.fail_after(MAX_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise BodyTooSlow(f"the body did not arrive within {MAX_SECONDS:g} s") from None
    return bytes(body)


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {most} bytes")


def _refuse_deep(body: bytes) -> None:
    depth = 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise BadBody(f"the body is nested deeper than {MAX_DEPTH} levels")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number
