"""The service as one application; nothing is read at import."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import FastAPI

import geoplan
from geoplan_api import (
    collections,
    describing,
    editing,
    features,
    jobs,
    landing,
    maps,
    processes,
    rules,
    site,
    tiles,
)
from geoplan_api.errors import add_handlers
from geoplan_api.guard import Guard
from geoplan_api.pack import Pack
from geoplan_api.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from geoplan.catalogue import Catalogue
    from geoplan.settings import Settings


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """Hold files open for edits and work on jobs while the service runs; leave nothing behind."""
    service: Service = app.state.service
    await to_thread.run_sync(service.open_files)
    async with service.computing.running():
        yield
    await to_thread.run_sync(service.close_files)


LOOPBACK = ("127.0.0.1", "localhost", "::1")


def create_app(catalogue: Catalogue, settings: Settings) -> FastAPI:
    """Make the service of a plan.

    Parameters
    ----------
    catalogue : Catalogue
        The plan to serve.
    settings : Settings
        Defaults: language, and the host it will listen on.

    Examples
    --------
    >>> from geoplan import Catalogue
    >>> from geoplan.settings import Settings
    >>> create_app(Catalogue.open("examples/town"), Settings()).title
    'Example town plan (synthetic)'
    """
    app = FastAPI(
        title=catalogue.plan.title.en,
        version=geoplan.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_running,
    )
    app.state.service = Service.of(catalogue, settings)
    more = [jobs.allowed, *([editing.allowed] if settings.editing else [])]
    app.state.more_methods = lambda path: frozenset().union(*(allowed(path) for allowed in more))
    parts = [landing, collections, describing, features, processes, jobs, maps, rules, tiles, site]
    for part in [*parts, editing] if settings.editing else parts:
        app.include_router(part.router)
    add_handlers(app)
    app.add_middleware(Pack)
    app.add_middleware(Guard, hosts=frozenset({*LOOPBACK, settings.host}))
    return app
