"""Listening: to this machine alone, or to others who have keys; in one process or several."""

from __future__ import annotations

import errno
import logging
import os
import socket
import tempfile
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from geoplan.access import KeyFile, key_file
from geoplan.catalogue import Catalogue
from geoplan.doctor import glance
from geoplan.errors import BadRequest
from geoplan.i18n import phrase
from geoplan.settings import Settings
from geoplan_api.access import needs_keys
from geoplan_api.app import create_app
from geoplan_api.errors import PortInUse
from geoplan_api.logs import log_config
from geoplan_api.metrics import FOLDER
from geoplan_api.protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI


_LOG = logging.getLogger("uvicorn.error")


class KeysNeeded(BadRequest):
    """Others can reach the service, and there is no key to tell them apart."""


def serve(settings: Settings) -> None:
    """Serve a plan until interrupted, for reading alone unless the settings say so.

    Raises
    ------
    KeysNeeded
        Others can reach the service, and nobody has a key.
    KeysUnreadable
        The file of the keys is damaged, or open to others.
    PortInUse
        The port cannot be listened on.
    CatalogueInvalid
        There is no plan, or it is not in order.
    """
    require_keys(settings)
    catalogue, host = Catalogue.open(settings.plan), settings.host
    with listen(host, settings.port) as listener:
        several = settings.workers > 1
        app = partial(application, settings) if several else warm(create_app(catalogue, settings))
        config = server_config(app, settings=settings)
        named = f"[{host}]" if ":" in host else host
        _tell_of_faults(settings)
        _LOG.info("%s: http://%s:%d/", catalogue.plan.id, named, listener.getsockname()[1])
        with suppress(KeyboardInterrupt):
            if several:
                _run_several(config, listener)
            else:
                uvicorn.Server(config).run(sockets=[listener])


def application(settings: Settings) -> FastAPI:
    """Make the service anew, in a process of its own."""
    return warm(create_app(Catalogue.open(settings.plan), settings))


def warm(app: FastAPI) -> FastAPI:
    """Have the service start what computes before somebody asks for it."""
    app.state.service.computing.warm()
    return app


def _tell_of_faults(settings: Settings) -> None:
    """Say at the start what `geoplan doctor` would, as far as it can be seen at a glance."""
    checks = list(glance(settings))
    for check in checks:
        if check.level != "ok":
            told = phrase(f"doctor.{check.key}", settings.lang, **check.values)
            _LOG.warning("%s: %s", phrase(f"doctor.title_{check.level}", settings.lang), told)
    levels = [check.level for check in checks]
    counts = {level: levels.count(level) for level in ("ok", "warn", "fail")}
    _LOG.info("geoplan doctor: %s", phrase("doctor.summary", settings.lang, **counts))


def _run_several(config: uvicorn.Config, listener: socket.socket) -> None:
    """Let several processes answer on one socket; one that dies is replaced."""
    with tempfile.TemporaryDirectory(prefix="geoplan-metrics-") as folder:
        os.environ[FOLDER] = folder
        Multiprocess(config, sockets=[listener]).run()


def server_config(
    app: FastAPI | Callable[[], FastAPI],
    log_level: str = "info",
    settings: Settings | None = None,
) -> uvicorn.Config:
    """Return how uvicorn runs the service."""
    chosen = settings or Settings()
    more: dict[str, Any] = {} if settings is None else {"log_config": log_config(settings.log)}
    return uvicorn.Config(
        app,
        factory=isinstance(app, partial),
        http=Protocol,
        log_level=log_level,
        access_log=False,  # it would write queries, which may hold a key; see watching.py
        ws="none",
        server_header=False,
        proxy_headers=bool(chosen.trusted_proxies),
        forwarded_allow_ips=list(chosen.trusted_proxies),
        root_path=chosen.root_path,
        workers=chosen.workers,
        timeout_graceful_shutdown=10,
        **more,
    )


def require_keys(settings: Settings) -> None:
    """Refuse to be reached by others as long as nobody has a key.

    Raises
    ------
    KeysNeeded
        There is no key.
    """
    if not needs_keys(settings):
        return
    path = key_file(settings.plan, settings.keys)
    if not KeyFile(path).all():
        raise KeysNeeded(
            f"--host {settings.host}: others can reach the service, and there is no key in {path}: "
            f"make one with 'geoplan key add NAME --role viewer --plan {settings.plan}', or serve "
            f"this machine only (127.0.0.1, localhost or ::1)"
        )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens already, so that a second service fails here.

    Raises
    ------
    PortInUse
        The port is taken, or not for us to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
        raise PortInUse(
            f"port {port} on {host} {why}: stop the program that has it, or choose another "
            f"with --port"
        ) from error
    return listener
