"""The official conformance suites of OGC, run against the served town (`make cite`)."""
