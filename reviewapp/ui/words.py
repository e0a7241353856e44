"""The type of words on a screen."""

from django.utils.functional import Promise

Words = str | Promise
"""Text for people: ready, or translated when it is shown (`gettext_lazy`). `str()` gives it in the language of the moment."""
