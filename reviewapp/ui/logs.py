"""How a log line looks: text for people, JSON for machines. Control characters are escaped, so no line can be forged.

Of what the database says of an error its first words stay; its details may quote the row, and with it an item.
"""

import json
import logging
import re
from types import TracebackType
from typing import Final

_DETAILS: Final = re.compile(
    r"^(?:DETAIL|CONTEXT|HINT|LINE \d+): .*?(?=^The above exception|^During handling|^Traceback |\Z)",
    re.DOTALL | re.MULTILINE,
)

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Plain(logging.Formatter):
    def formatException(self, ei: Raised) -> str:
        return without_details(super().formatException(ei))


def without_details(traceback: str) -> str:
    """A traceback without what the database told beyond the first line of an error."""
    return _DETAILS.sub("", traceback).rstrip()


class Text(_Plain):
    """`LEVEL logger: message` on exactly one line, and the traceback below it where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        line = f"{record.levelname} {record.name}: {_one_line(record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Json(_Plain):
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
