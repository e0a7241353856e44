"""Tags without variables are rendered once per language and say what Django's own would."""

import pytest
from django.template import engines
from django.utils import translation

from reviewapp.ui.folding import FoldedNode

CONSTANT = (
    '{% translate "Queues" %}',
    "{% translate 'Queues' %}",
    '{% translate "From" context "a time" %}',
    '{% blocktranslate %}Items come by the routing rules. <a href="/">All queues</a>{% endblocktranslate %}',
    '{% icon "undo-2" %}',
    '{% icon "chevron-right" "chev" %}',
)
CHANGING = (
    "{% translate words %}",
    '{% translate "Queues"|lower %}',
    "{% blocktranslate with number=3 %}{{ number }} waiting{% endblocktranslate %}",
    "{% blocktranslate count count=words|length %}{{ count }} item{% plural %}{{ count }} items{% endblocktranslate %}",
    "{% icon words %}",
    "{% one_time %}",
)


def _nodes(source: str) -> list[type]:
    return [type(node) for node in engines["django"].from_string(source).template.nodelist]


@pytest.mark.parametrize("source", CONSTANT)
def test_a_tag_without_variables_is_folded(source: str) -> None:
    assert _nodes(source) == [FoldedNode]


@pytest.mark.parametrize("source", CHANGING)
def test_a_tag_with_variables_is_not(source: str) -> None:
    assert FoldedNode not in _nodes(source)


@pytest.mark.parametrize(
    "source", ['{% translate "January" %}', '{% translate "January" as month %}{{ month }}']
)
def test_it_speaks_the_language_of_each_screen(source: str) -> None:
    template = engines["django"].from_string(source)
    said = []
    for language in ("de", "en", "fr", "de"):
        with translation.override(language):
            said.append(template.render({}))
    assert said == ["Januar", "January", "janvier", "Januar"]


def test_an_icon_that_points_turns_with_the_direction_of_each_screen() -> None:
    template = engines["django"].from_string('{% icon "undo-2" %}')
    turned = []
    for language in ("ar", "en", "ar"):
        with translation.override(language):
            turned.append("mirror" in template.render({}))
    assert turned == [True, False, True]


def test_what_it_says_is_escaped_no_more_and_no_less_than_before() -> None:
    source = '{% translate "Fish & chips <b>" %}{% blocktranslate %}<b>100 %</b>{% endblocktranslate %}{% icon "x" %}'
    shown = engines["django"].from_string(source).render({})
    assert shown.startswith("Fish & chips <b><b>100 %</b><svg")
