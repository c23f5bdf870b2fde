"""The service as uvicorn starts the peers: one worker, the same options (GEOPLAN_PLAN)."""

from __future__ import annotations

from fastapi import FastAPI
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings


def app() -> FastAPI:
    """Make the application of the plan that the environment names."""
    settings = Settings()
    return create_app(Catalogue.open(settings.plan), settings)
