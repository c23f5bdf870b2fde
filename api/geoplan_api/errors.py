"""Errors as the web sees them: class → status, in one shape (RFC 9457, problem+json).

The message of an error is shown when the question is at fault. When data or machine are at
fault (status 500 and above) it may name files, so it goes to the log, and the answer carries
the id under which it stands there.
"""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from geoplan.errors import (
    AccuracyInvalid,
    AnswerTooLarge,
    BadData,
    BadEnvironment,
    BadRequest,
    ChainageInvalid,
    CrsMismatch,
    EmptyLayer,
    EquationInvalid,
    FeatureChanged,
    FeatureInvalid,
    FeatureNotFound,
    FeatureTooWide,
    FileBusy,
    FindingNotFound,
    GeoplanError,
    InvalidGeometry,
    KeyNameTaken,
    KeyNotFound,
    LayerNotFound,
    NotWritable,
    OutsideRaster,
    RasterNotFound,
    RouteInvalid,
    RuleNotFound,
    TooLarge,
    VersionNotFound,
    WorkerOutOfMemory,
    WorkerTimeout,
    WrongGeometryType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

PROBLEM = "application/problem+json"
RETRY_AFTER_S = 2
_LOG = logging.getLogger("geoplan_api")
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


class BadParameter(BadRequest):
    """A query parameter is unknown, stands twice, or has a value it cannot have."""


class NotAcceptable(BadRequest):
    """There is no representation of the kind that the request accepts."""


class UnknownHost(BadRequest):
    """The request names a host that this service does not answer for."""


class KeyMissing(BadRequest):
    """The service answers only to those who have a key."""


class KeyUnknown(BadRequest):
    """The key is none of this service, or was revoked."""


class NotAllowed(BadRequest):
    """The key's role does not allow that."""


class ForeignOrigin(BadRequest):
    """A page of another site asks what it may not."""


class TooManyRequests(BadRequest):
    """More was asked in a short time than the service answers.

    Parameters
    ----------
    message : str
        What is allowed.
    retry_after : int
        Seconds after which to ask again.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProcessNotFound(BadRequest):
    """There is no process of that id."""


class TileNotFound(BadRequest):
    """There is no such tile matrix set, or no such tile within the limits of what is asked for."""


class OutsideCrs(BadRequest):
    """What is asked for lies outside of all that its CRS can tell."""


class BadBody(BadRequest):
    """The body of the request cannot be read."""


class BodyTooLarge(BadRequest):
    """The body of the request is larger than the service takes."""


class BodyTooSlow(BadRequest):
    """The body of the request did not arrive in time."""


class PreconditionRequired(BadRequest):
    """The request does not say which version of the feature it means."""


class UnsupportedMediaType(BadRequest):
    """The body of the request is of a kind that the operation does not take."""


class BadInput(BadRequest):
    """An input of a process has a value it cannot have.

    Parameters
    ----------
    message : str
        What is wrong.
    pointer : str
        Where, as a JSON pointer into the body (RFC 6901).
    """

    def __init__(self, message: str, pointer: str) -> None:
        super().__init__(message)
        self.pointer = pointer


class JobNotFound(BadRequest):
    """There is no job of that id."""


class ResultNotReady(BadRequest):
    """The job has no result, or not yet."""


class WorkDropped(BadRequest):
    """Nobody waits for the answer any more."""


class ServiceBusy(BadEnvironment):
    """More is asked for at once than the service computes."""


class PortInUse(BadEnvironment):
    """The port cannot be listened on."""


STATUS: dict[type[GeoplanError], int] = {
    GeoplanError: 500,
    BadRequest: 400,
    KeyMissing: 401,
    KeyUnknown: 401,
    NotAllowed: 403,
    ForeignOrigin: 403,
    TooManyRequests: 429,
    KeyNotFound: 404,
    KeyNameTaken: 422,
    LayerNotFound: 404,
    FindingNotFound: 404,
    FeatureNotFound: 404,
    ProcessNotFound: 404,
    JobNotFound: 404,
    ResultNotReady: 404,
    TileNotFound: 404,
    OutsideCrs: 404,
    RasterNotFound: 404,
    RuleNotFound: 404,
    VersionNotFound: 404,
    NotAcceptable: 406,
    BodyTooSlow: 408,
    WorkDropped: 408,
    FeatureChanged: 412,
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    UnknownHost: 421,
    WrongGeometryType: 422,
    OutsideRaster: 422,
    AnswerTooLarge: 413,
    BadInput: 422,
    FeatureInvalid: 422,
    PreconditionRequired: 428,
    BadData: 500,
    CrsMismatch: 422,
    EmptyLayer: 422,
    FeatureTooWide: 422,
    InvalidGeometry: 422,
    ChainageInvalid: 422,
    EquationInvalid: 422,
    RouteInvalid: 422,
    AccuracyInvalid: 422,
    TooLarge: 422,
    WorkerTimeout: 422,
    WorkerOutOfMemory: 422,
    BadEnvironment: 500,
    FileBusy: 503,
    ServiceBusy: 503,
    NotWritable: 507,
}
"""Class of error → HTTP status; a subclass takes the status of its nearest parent here."""


_OGC = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
TYPES: dict[type[GeoplanError], str] = {
    ProcessNotFound: f"{_OGC}no-such-process",
    JobNotFound: f"{_OGC}no-such-job",
    ResultNotReady: f"{_OGC}result-not-ready",
}
"""Classes of error that a standard names."""


def status_of(error: type[GeoplanError]) -> int:
    """Return the HTTP status of a class of error: that of its nearest ancestor in `STATUS`."""
    return next(STATUS[cls] for cls in error.__mro__ if cls in STATUS)


def add_handlers(app: FastAPI) -> None:
    """Answer every foreseen error as a problem document; `Guard` answers the others."""
    app.add_exception_handler(GeoplanError, _answer_ours)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)


def problem(
    status: int,
    title: str,
    detail: str,
    instance: str,
    *,
    type_: str = "about:blank",
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """Write a problem document."""
    document = {
        "type": type_,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        **members,
    }
    # a lone surrogate becomes the escape that JSON has for it
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    own = {"Content-Language": "en", "X-Content-Type-Options": "nosniff"}
    return Response(body, status, {**own, **(headers or {})}, PROBLEM)


def problem_of(error: GeoplanError, path: str) -> Response:
    """Write the problem document of one of our errors."""
    status, cls = status_of(type(error)), type(error)
    title = (cls.__doc__ or cls.__name__).splitlines()[0].rstrip(".")
    type_ = TYPES.get(cls) or f"urn:geoplan:problem:{_CAMEL.sub('-', cls.__name__).lower()}"
    if isinstance(error, ServiceBusy):
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return problem(status, title, str(error), path, type_=type_, headers=headers)
    if status < 500:
        if isinstance(error, BadInput | FeatureInvalid):
            return problem(status, title, str(error), path, type_=type_, pointer=error.pointer)
        headers = _headers_of(error, status)
        return problem(status, title, str(error), path, type_=type_, headers=headers)
    instance = uuid4().urn
    _LOG.error("%s: %s", instance, error, exc_info=error)
    headers = (
        {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    )
    detail = f"{title}. The log of the service says more, under {instance}"
    return problem(status, title, detail, instance, type_=type_, headers=headers)


def _headers_of(error: GeoplanError, status: int) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="geoplan"'}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    return {}


def _answer_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, GeoplanError)  # noqa: S101 - for the type
    return _for_its_reader(request, problem_of(error, request.url.path))


def _for_its_reader(request: Request, answer: Response) -> Response:
    """Return a problem as a page where the request likes a page better than JSON."""
    from geoplan_api.deps import view_of  # they build on this module
    from geoplan_api.negotiation import prefers_html
    from geoplan_api.problem_pages import problem_page

    if not prefers_html(request.headers.get("accept")):
        return answer
    return problem_page(answer, view_of(request))


def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(400, "Bad Request", f"{where}: {first['msg']}", request.url.path)


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type
    path, status = request.url.path, error.status_code
    phrase = HTTPStatus(status).phrase
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allow = _allow(request, error)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allow})
        detail = f"{request.method} is not possible here; possible: {allow}"
        return problem(status, phrase, detail, path, headers={"Allow": allow})
    if status == HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {path}: the links of the landing page (/) lead everywhere"
        return _for_its_reader(request, problem(status, phrase, detail, path))
    return problem(status, phrase, error.detail, path, headers=error.headers)


def _allow(request: Request, error: HTTPException) -> str:
    known = {name.strip() for name in (error.headers or {}).get("Allow", "").split(",")} - {""}
    more: frozenset[str] = request.app.state.more_methods(request.url.path)
    return ", ".join(sorted(known | more | {"OPTIONS"}))


def unforeseen(method: str, path: str, error: Exception) -> Response:
    """Answer an error that is not ours: log it, and tell nothing from inside."""
    instance = uuid4().urn
    _LOG.error("%s: %s %s", instance, method, path, exc_info=error)
    detail = f"a fault of the service; its log says more, under {instance}"
    return problem(500, HTTPStatus(500).phrase, detail, instance)
