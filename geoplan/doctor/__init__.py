"""Whether this machine and this plan have what the service needs: each a check of its own."""

from geoplan.doctor.examining import Check, Level, examine, glance

__all__ = ["Check", "Level", "examine", "glance"]
