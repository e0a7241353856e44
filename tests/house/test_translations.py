"""The list of messages that translators work from is what the code says, and each message is one they can work with."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings

from reviewapp.ui import catalogs
from reviewapp.ui.management.commands.translations import TEMPLATE


@pytest.fixture(scope="module")
def messages() -> Catalog:
    return catalogs.messages_in(Path(settings.BASE_DIR))


def test_the_list_of_messages_is_what_the_code_says(messages: Catalog) -> None:
    assert TEMPLATE.read_text(encoding="utf-8") == catalogs.as_text(messages), (
        "run `manage.py translations extract`"
    )


def test_no_message_has_line_breaks_or_spaces_at_its_ends(messages: Catalog) -> None:
    texts = [each.id if isinstance(each.id, str) else " ".join(each.id) for each in messages if each.id]
    assert not [text for text in texts if "\n" in text or text != text.strip()]
