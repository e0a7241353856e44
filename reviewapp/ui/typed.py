"""What people type into fields, read."""

from datetime import datetime, tzinfo

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime


def moment(text: str, zone: tzinfo | None = None) -> datetime | None:
    """A day (its start) or a time, such as 2026-01-31 or 2026-01-31 14:00; None when it is neither.

    One that names no zone is in `zone`, else in the person's own, which `requires` has made the current one.
    """
    try:
        found = parse_datetime(text)
        day = None if found else parse_date(text)
    except ValueError:
        return None
    if day is not None:
        found = datetime(day.year, day.month, day.day)
    if found is None:
        return None
    return found if timezone.is_aware(found) else timezone.make_aware(found, zone)
