"""Log records as JSON, one object a line."""

from __future__ import annotations

import json
import logging
import time

from svcctl.application.observing.handlers import EVENT

#: What every record has; anything else on it is an extra.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", EVENT}


class JsonFormatter(logging.Formatter):
    """An object with ``time`` (UTC), ``level``, ``logger``, ``message``, ``exception`` and every extra."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record, without line breaks."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry: dict[str, object] = {
            "time": f"{at}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        for name, value in vars(record).items():
            if name not in _STANDARD:
                entry.setdefault(name, value)
        return json.dumps(entry, default=str, ensure_ascii=False)
