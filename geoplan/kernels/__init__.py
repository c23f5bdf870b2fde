"""Compiled loops for large layers: what numpy and GEOS do pair by pair, in one pass.

They need numba (``pip install geoplan[engine]``) and are imported by `geoplan.queries.engine`
alone, when a question is large enough to pay for loading them. Each answers as GEOS would, or
says that it will not decide.
"""
