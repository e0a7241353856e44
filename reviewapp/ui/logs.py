"""How a log line looks: text for people, JSON for machines. Control characters are escaped, so no line can be forged."""

import json
import logging
from typing import Any


def text(_logger: Any, _name: str, event: dict[str, Any]) -> str:
    """`LEVEL logger: message` on exactly one line."""
    record: logging.LogRecord = event["_record"]
    lines = [f"{record.levelname} {record.name}: {_one_line(str(event['event']))}"]
    if record.exc_info:
        lines.append(logging.Formatter().formatException(record.exc_info))
    return "\n".join(lines)


def as_json(_logger: Any, _name: str, event: dict[str, Any]) -> str:
    """One JSON object a line: level, logger, message, and the traceback where there is one."""
    record: logging.LogRecord = event["_record"]
    line = {"level": record.levelname, "logger": record.name, "at": record.created, "message": str(event["event"])}
    if record.exc_info:
        line["traceback"] = logging.Formatter().formatException(record.exc_info)
    return json.dumps(line)


def _one_line(message: str) -> str:
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in message)
