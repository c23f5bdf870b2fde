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
    embedding,
    features,
    jobs,
    landing,
    maps,
    metrics,
    processes,
    rules,
    site,
    tiles,
)
from geoplan_api.access import Access, is_loopback
from geoplan_api.cross_origin import CrossOrigin
from geoplan_api.errors import add_handlers
from geoplan_api.guard import Guard
from geoplan_api.metrics import Metrics
from geoplan_api.pack import Pack
from geoplan_api.service import Service
from geoplan_api.watching import Routes, Watch

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


PARTS = (
    *(features, tiles, landing, collections, describing, processes, jobs, maps, rules, metrics),
    *(embedding, site),
)
"""Those asked most come first: to find the route of a request costs more than a small answer."""

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
    app.state.metrics = Metrics()
    routers = [part.router for part in (*PARTS, editing)[: None if settings.editing else -1]]
    for router in routers:
        app.include_router(router)
    add_handlers(app)
    _stand_before(app, settings, Routes(route for router in routers for route in router.routes))
    return app


def _stand_before(app: FastAPI, settings: Settings, routes: Routes) -> None:
    """Put before the routes what every request passes; the last one added comes first."""
    hosts = frozenset({*LOOPBACK, settings.host, *settings.hosts})
    app.add_middleware(Pack)
    app.add_middleware(Access, settings=settings)
    app.add_middleware(CrossOrigin, settings=settings)
    app.add_middleware(Guard, hosts=hosts, any_address=not is_loopback(settings.host))
    app.add_middleware(Watch, routes=routes, metrics=app.state.metrics)
