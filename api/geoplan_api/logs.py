"""Lines of the log: one a record, as text or as JSON, that nobody can forge."""

from __future__ import annotations

import json
import logging
import textwrap
from datetime import UTC, datetime
from typing import Any

REQUESTS = "geoplan_api.requests"
FIELDS = "fields"
_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}


def log_config(form: str) -> dict[str, Any]:
    """Return what logging is to be like, for `logging.config.dictConfig`.

    Parameters
    ----------
    form : {"text", "json", "off"}
        Form of the lines; ``off`` leaves out requests and writes the rest as text.
    """
    formatter = f"{__name__}.{'JsonLines' if form == 'json' else 'TextLines'}"
    requests = "INFO" if form != "off" else "CRITICAL"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": formatter}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {
            "uvicorn": {"handlers": ["lines"], "level": "INFO", "propagate": False},
            "geoplan_api": {"handlers": ["lines"], "level": "INFO", "propagate": False},
            REQUESTS: {"level": requests},
        },
    }


class TextLines(logging.Formatter):
    """``time level message``, or ``key=value`` for what has fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; a traceback follows, indented."""
        fields = getattr(record, FIELDS, None)
        if fields is None:
            text = record.getMessage().translate(_CONTROLS)
        else:
            text = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
        line = f"{_time(record)} {record.levelname} {text}"
        if record.exc_info:
            line += "\n" + textwrap.indent(self.formatException(record.exc_info), "  ")
        return line


class JsonLines(logging.Formatter):
    """A JSON object a line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        fields = getattr(record, FIELDS, None)
        told = {"time": _time(record), "level": record.levelname, "logger": record.name}
        told |= {"message": record.getMessage()} if fields is None else fields
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> str:
    text = str(value)
    if text and not any(sign in text for sign in ' "=\\') and text.isprintable():
        return text
    return json.dumps(text)
