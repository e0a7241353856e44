"""Why there is no verdict, as it was stored in English, in the language of the reader. Pure.

`inference` says why in sentences and knows no languages; this list has each of them, with a name for what differs.
"""

import re
from typing import Final

from django.utils.translation import gettext, gettext_noop

REASONS: Final = (
    # The engine or what stands before it.
    gettext_noop(
        "The engine gave no answer within %(seconds)s seconds. It may be starting or overloaded: look at its log."
    ),
    gettext_noop("The engine gave no answer within %(seconds)s seconds."),
    gettext_noop("The engine stopped in the middle of its answer."),
    gettext_noop(
        "What answers there is no engine: it lists no models. Check that REASONER_URL points at the engine, ending in /v1."
    ),
    gettext_noop("The engine lists no model. Start it with one."),
    gettext_noop("The engine does not serve the model that was asked for. Check REASONER_MODEL."),
    gettext_noop("The engine does not serve %(model)s. Set REASONER_MODEL to a model it lists."),
    gettext_noop("The engine sent a compressed answer that was not asked for."),
    gettext_noop("The engine's answer is larger than 1 MB."),
    gettext_noop(
        "A web page answered instead of the engine. Check that REASONER_URL points at it, ending in /v1."
    ),
    gettext_noop("The engine's answer is not JSON."),
    gettext_noop("The engine does not accept the key. Check REASONER_API_KEY."),
    gettext_noop("The engine knows no such address. Check that REASONER_URL ends in /v1."),
    gettext_noop("The engine takes no more requests at the moment."),
    gettext_noop("The engine gave up waiting for the request (HTTP 408)."),
    gettext_noop("The engine's queue is full."),
    gettext_noop("The engine failed (HTTP %(status)s); it may be restarting."),
    gettext_noop(
        "The engine answered with a redirect (HTTP %(status)s). Set REASONER_URL to its final address."
    ),
    gettext_noop("The engine refused the request (HTTP %(status)s)."),
    gettext_noop(
        "The engine's certificate is not one that this machine trusts. Give the engine a trusted one, "
        "or set REASONER_URL to its name as the certificate has it."
    ),
    gettext_noop(
        "The engine does not speak https. Set REASONER_URL to http://, or give the engine a certificate."
    ),
    gettext_noop("What answers there does not speak HTTP. Check the port in REASONER_URL."),
    gettext_noop("The engine's name is not known on this network."),
    gettext_noop("The engine cannot be reached."),
    gettext_noop("The connection to the engine broke off."),
    gettext_noop("Check that it runs and that REASONER_URL is right."),
    gettext_noop("Check that REASONER_URL points at the engine, ending in /v1."),
    # Too long.
    gettext_noop("Policy and item together are too long for the engine."),
    gettext_noop(
        "The policy is too long for this engine: it takes %(size)s tokens of the %(room)s that a context of %(context)s "
        "leaves beside the answer. Shorten the policy or start the engine with a larger --max-model-len."
    ),
    gettext_noop(
        "The item would take %(parts)s parts of the engine's context of %(context)s tokens; at most %(most)s are judged. "
        "A person must read it, or the engine needs a larger --max-model-len."
    ),
    gettext_noop("(part %(number)s of %(of)s)"),
    # The answer.
    gettext_noop("The answer is not a JSON object."),
    gettext_noop("The engine's reply is no answer to a chat."),
    gettext_noop("The answer came from another model than the one that was asked. Check REASONER_MODEL."),
    gettext_noop("The answer does not hold exactly one choice."),
    gettext_noop("The answer's choice is not an object."),
    gettext_noop("The answer holds no message."),
    gettext_noop("The answer was cut off by its token limit."),
    gettext_noop("The engine did not finish the answer."),
    gettext_noop("The answer is a turn of somebody else than the model."),
    gettext_noop("The answer is a tool call or a refusal instead of a verdict."),
    gettext_noop("The answer is empty."),
    gettext_noop("The answer's content is not text."),
    gettext_noop("The answer holds control words of the model's own format: the engine could not read it."),
    gettext_noop("The answer's JSON names a key twice."),
    gettext_noop("The answer's JSON holds %(word)s, which is not JSON."),
    gettext_noop("The answer is not one JSON object and nothing else."),
    gettext_noop("The answer's JSON is not an object."),
    gettext_noop("The answer lacks %(keys)s."),
    gettext_noop("The answer holds keys that were not asked for."),
    gettext_noop("The answer says that the item violates, but cites no section of this policy version."),
    gettext_noop("The answer's label is none of violates, allowed, unsure."),
    gettext_noop("The answer's confidence is none of low, medium, high."),
    gettext_noop("The answer gives no rationale."),
    gettext_noop("The answer's %(key)s is not a list of texts."),
    gettext_noop("The answer could not be stored."),
    # What became of the judgement.
    gettext_noop("Judging it was cut short %(count)s times."),
    gettext_noop("The item was erased."),
    gettext_noop("The item was restricted, replaced or erased."),
    gettext_noop("Its subject was restricted, replaced or erased."),
    gettext_noop("The item was decided before it was judged again."),
    gettext_noop("The draft was changed after this was asked. Start the run again for the new text."),
)
_NAME: Final = re.compile(r"%\\\((\w+)\\\)s")


def _shape(sentence: str) -> re.Pattern[str]:
    """What a stored sentence looks like: anything where a name stands."""
    return re.compile(_NAME.sub(r"(?P<\1>.+?)", re.escape(sentence)) + r"(?= |\Z)")


_SHAPES: Final = tuple((sentence, _shape(sentence)) for sentence in REASONS)


def reason_words(stored: str) -> str:
    """The sentences of a stored reason in the language of the reader; from one that is not listed on, it stays as it is."""
    told = []
    left = stored
    while left:
        found = next(((each, hit) for each, shape in _SHAPES if (hit := shape.match(left))), None)
        if found is None:
            told.append(left)
            break
        sentence, hit = found
        told.append(gettext(sentence) % hit.groupdict() if hit.groupdict() else gettext(sentence))
        left = left[hit.end() :].lstrip(" ")
    return " ".join(told)
