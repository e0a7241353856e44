"""Tags of templates that say the same on every screen of one language, rendered once for each.

A screen has some two hundred of them, and Django looks each one up, escapes it and wraps it anew whenever it is shown.
"""

from collections.abc import Callable
from typing import Any, Final

from django.template.base import FilterExpression, Node, Parser, Token, TokenType
from django.template.context import Context
from django.template.library import SimpleNode
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

Compile = Callable[[Parser, Token], Node]
_LITERAL: Final = ("'", '"')


class FoldedNode(Node):
    """A tag without variables: what it says by language, and the name that it is kept under where it shows nothing itself."""

    child_nodelists: tuple[str, ...] = ()

    def __init__(self, node: Node, kept_as: str | None) -> None:
        self._node = node
        self._kept_as = kept_as
        self._said: dict[str | None, str] = {}

    def render(self, context: Context) -> SafeString:
        """What the tag says in the language of this moment."""
        language = get_language()
        said = self._said.get(language)
        if said is None:
            shown = self._node.render(context)
            said = self._said[language] = context[self._kept_as] if self._kept_as else shown
        if self._kept_as:
            context[self._kept_as] = said
            return SafeString()
        return SafeString(said)


def folded(compile_tag: Compile) -> Compile:
    """The same tag, folded where nothing in it depends on what a screen shows."""

    def compile_folded(parser: Parser, token: Token) -> Node:
        node: Any = compile_tag(parser, token)
        if not _is_constant(node):
            return node  # type: ignore[no-any-return]
        return FoldedNode(node, node.target_var if isinstance(node, SimpleNode) else node.asvar)

    return compile_folded


def _is_constant(node: Any) -> bool:
    if isinstance(node, TranslateNode):
        return _is_literal(node.filter_expression) and (
            node.message_context is None or _is_literal(node.message_context)
        )
    if isinstance(node, BlockTranslateNode):
        return (
            not node.extra_context and node.counter is None and node.message_context is None
            and all(each.token_type == TokenType.TEXT for each in node.singular)
        )  # fmt: skip
    return (
        isinstance(node, SimpleNode) and not node.takes_context
        and all(map(_is_literal, (*node.args, *node.kwargs.values())))
    )  # fmt: skip


def _is_literal(expression: FilterExpression) -> bool:
    """Whether it is a text within quotes, with nothing done to it."""
    return expression.token.startswith(_LITERAL) and not expression.filters
