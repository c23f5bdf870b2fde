"""What went wrong, as a page for those who asked for pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from geoplan_api.frame import framed
from geoplan_api.html import tag
from geoplan_api.respond import html_response

if TYPE_CHECKING:
    from starlette.responses import Response

    from geoplan_api.frame import View


def problem_page(problem: Response, view: View) -> Response:
    """Return a problem document as a page, with its status and headers."""
    document: dict[str, Any] = json.loads(bytes(problem.body))
    status, title = document["status"], document["title"]
    page = framed(
        view,
        f"{status} {title}",
        tag("h1", view.say("site.wrong", status=status)),
        tag("p", title, lang="en"),
        tag("p", document["detail"], lang="en", class_="note"),
        tag("p", tag("a", view.say("page.home"), href="/", class_="button")),
    )
    answer = html_response(page, view.lang)
    answer.status_code = problem.status_code
    for name in ("Allow", "Retry-After"):
        if name in problem.headers:
            answer.headers[name] = problem.headers[name]
    return answer
