"""What people type into forms of this room, read."""

from django.http import QueryDict
from django.utils.translation import gettext as _

from reviewapp.accounts.rules_preferences import BadPreference
from reviewapp.ui.languages import code_of


def languages_of(said: QueryDict) -> dict[str, str]:
    """Reading languages, base to level: the rows that keep a level, and the one that is added. Raises BadPreference."""
    kept = zip(said.getlist("code"), said.getlist("level"), strict=False)
    languages = {code: level for code, level in kept if level}
    added = said.get("add", "").strip()
    if added:
        code = code_of(added)
        if not code:
            raise BadPreference(
                _(
                    "“%(typed)s” is no language known here. Choose one from the list, or type its code, such as ar."
                )
                % {"typed": added[:40]}
            )
        languages[code] = said.get("add_level", "")
    return languages
