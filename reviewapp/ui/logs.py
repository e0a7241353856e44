"""How a log line looks: text for people, JSON for machines. Control characters are escaped, so no line can be forged."""

import json
import logging


class Text(logging.Formatter):
    """`LEVEL logger: message` on exactly one line, and the traceback below it where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        line = f"{record.levelname} {record.name}: {_one_line(record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Json(logging.Formatter):
    """One JSON object a line: level, logger, time as a Unix timestamp, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = {
            "level": record.levelname, "logger": record.name, "at": record.created, "message": record.getMessage(),
        }  # fmt: skip
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _one_line(message: str) -> str:
    return "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in message
    )
