"""The service of geoplan: a plan over HTTP, as OGC API - Features and Processes.

>>> from geoplan_api import create_app
"""

from geoplan_api.app import create_app

__all__ = ["create_app"]
