"""What the pages need beside the API: their styles and scripts, and a choice of language.

These two routes are for browsers and no part of the API, so its definition does not list them.
"""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from geoplan_api.assets import ASSETS, asset_version, assets
from geoplan_api.deps import LANGUAGE_COOKIE
from geoplan_api.errors import BadParameter
from geoplan_api.query import single

router = APIRouter()
LANGUAGE = "/language"
_YEAR_S = 31_536_000
_BACK = re.compile(r"/([A-Za-z0-9._~!$&'()*+,;=:@%?/-]*)")


async def asset(request: Request) -> Response:
    """Return a style, a script or a picture; its address changes when it does."""
    found = assets().get(request.path_params["name"])
    if found is None or request.path_params["version"] != asset_version():
        raise HTTPException(404)
    headers = {"Cache-Control": f"public, max-age={_YEAR_S}, immutable"}
    return Response(found.body, headers={**headers, "Content-Type": found.media_type})


async def language(request: Request) -> Response:
    """Keep the language that was chosen, and go back to the page it was chosen on."""
    given = single(request.query_params.multi_items(), ("to", "back"))
    to, back = given.get("to", ""), given.get("back", "/")
    if to not in ("zh", "en"):
        raise BadParameter(f"to = {to!r} is neither zh nor en")
    # a path of this service only: // and /\ would lead to another host
    if not _BACK.fullmatch(back) or back.startswith("//"):
        raise BadParameter(f"back = {back!r} is no path of this service")
    answer = RedirectResponse(back, 303, {"Cache-Control": "no-store"})
    answer.set_cookie(LANGUAGE_COOKIE, to, max_age=_YEAR_S, httponly=True, samesite="lax")
    return answer


_READ = ["GET", "HEAD"]
router.add_route(f"{ASSETS}/{{version}}/{{name:path}}", asset, methods=_READ)
router.add_route(LANGUAGE, language, methods=_READ)
