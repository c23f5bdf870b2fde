"""Listening: on this machine only, until there is access control."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from geoplan.catalogue import Catalogue
from geoplan.errors import BadRequest
from geoplan.settings import Settings
from geoplan_api.app import create_app
from geoplan_api.errors import PortInUse

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI


_LOG = logging.getLogger("uvicorn.error")


class NotLoopback(BadRequest):
    """The host is not this machine alone."""


def serve(plan: Path, host: str, port: int, *, editing: bool = False) -> None:
    """Serve a plan until interrupted, for reading alone unless `editing`.

    Raises
    ------
    NotLoopback
        The host can be reached from other machines.
    PortInUse
        The port cannot be listened on.
    CatalogueInvalid
        There is no plan, or it is not in order.
    """
    require_loopback(host)
    catalogue = Catalogue.open(plan)
    settings = Settings(plan=plan, host=host, port=port, editing=editing)
    app = create_app(catalogue, settings)
    app.state.service.computing.warm()
    with listen(host, port) as listener:
        config = server_config(app)
        named = f"[{host}]" if ":" in host else host
        _LOG.info("%s: http://%s:%d/", catalogue.plan.id, named, listener.getsockname()[1])
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def server_config(app: FastAPI, log_level: str = "info") -> uvicorn.Config:
    """Return how uvicorn runs the service."""
    return uvicorn.Config(
        app,
        log_level=log_level,
        ws="none",
        server_header=False,
        proxy_headers=False,  # nothing stands between: a header cannot say who asks
        timeout_graceful_shutdown=10,
    )


def require_loopback(host: str) -> None:
    """Refuse a host that other machines can reach.

    Raises
    ------
    NotLoopback
        It is not ``localhost`` and no loopback address.
    """
    with suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    raise NotLoopback(
        f"--host {host}: geoplan serves to this machine only (127.0.0.1, localhost or ::1), "
        f"because there is no access control yet; for others, forward a port over ssh"
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
