"""Undoes the spellings people use to slip past word filters, before text becomes features. Pure."""

import re
import unicodedata

MAX_PASSES = 6
"""Undoing one trick can bare another; a text that still changes after this many rounds is left there."""

_LOOKALIKES = (
    "аaвbсcԁdеeҽeғfһhнhіiїiјjкkӏlмmпnоoөoрpԛqгrѕsтtцuѵvшwԝwхxуyүyзz"  # Cyrillic
    "αaβbϲcεeηnγyιiκkνvοoρpτtυuωwχxμuσoδd"  # Greek
    "ɑaƅbɡgıiɩiɪiʟlɴnʀrꜱsʙbɢgʜhᴀaᴄcᴅdᴇeᴊjᴋkᴍmᴏoᴘpᴛtᴜuᴠvᴡwᴢzǀløođdłlħhŧtɓbɗd"  # Latin
    "աwցgհhոnսuօoքpɐaǝeɟfɥhɯmɹrʇtʌvʍwʎy"  # Armenian, turned letters
    "‘'’'‛'′'`'´'“\"”\"„\"″\"‐-‑-‒-–-—-―-−-•.·.∙.⋅.∗*⁎*⁄/∕/∣|"  # punctuation
)
_DIGRAPHS = {"æ": "ae", "œ": "oe", "ß": "ss", "þ": "th"}


def _fold_table() -> dict[int, str]:
    """One table for `str.translate`: lookalikes to Latin, boxed letters to letters, marks to nothing."""
    table = {ord(odd): plain for odd, plain in zip(_LOOKALIKES[::2], _LOOKALIKES[1::2], strict=True)}
    table |= {ord(odd): plain for odd, plain in _DIGRAPHS.items()}
    for first in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6):  # squared, circled, regional letters have no NFKD
        table |= {first + i: chr(ord("a") + i) for i in range(26)}
    marks = [range(0x300, 0x370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x20D0, 0x2100)]
    marks += [range(0xFE00, 0xFE10), range(0xE0000, 0xE01F0), range(0x200B, 0x2010), range(0x202A, 0x202F)]
    marks += [range(0x2060, 0x2070), range(0xFFF9, 0xFFFC)]
    for span in marks:
        table |= dict.fromkeys(span, "")
    table |= dict.fromkeys(
        (0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFEFF, 0xFFA0), ""
    )
    return table | dict.fromkeys(range(0xD800, 0xE000), " ")


_FOLD = _fold_table()
_LEET = str.maketrans("013457@$€£!|+8", "oieastaseliltb")
_RUN = "a-z0134578@$€£!|+"
_LEET_RUN = re.compile(  # possessive, and only from a run's start: linear on any text
    rf"(?<![{_RUN}])(?:[a-z]++(?=[0134578@$€£!|+])|[0134578@$€£!|+]++(?=[a-z]))[{_RUN}]*+"
)
_LEET_MARK = re.compile(r"[0134578@$€£|+]|!(?=[a-z])")
_COUNTED = re.compile(
    r"\+?[0-9]+(?:st|nd|rd|th|s|k|m|b|bn|am|pm|x|d|p|c|f|g|h|w|v|y|e|gb|mb|tb|kb|ft|in|lb|lbs|oz|kg|cm|mm|km|ml|"
    r"mph|kph|min|mins|hr|hrs|hz|ghz|mhz|sec|ms|yo|yr|yrs|v[0-9]+|vs[0-9]+|x[0-9]+|k[0-9]+)\+?"
)
_ATE = re.compile(r"(?<![a-z0-9])([a-z]{1,3})8(?=(?:r|rs|d|n|ful|er|ers)?(?![a-z0-9]))")
_ONE = r"[a-z0-9@$!](?![a-z0-9@$'])"
_SPACED = re.compile(rf"(?<![^\W_])(?<!['@#&])[a-z0-9@$]([ ._\-*~/|,+=^]){_ONE}(?:\1{_ONE})+")
_INNER = re.compile(r"(?<=[a-z])[*_~^`\"#%=]+(?=[a-z])")
_AT_WORD = re.compile(r"@[s$5][s$5h]")
_REPEAT = re.compile(r"([a-z])\1\1+")
_LINK = re.compile(r"(?:https?://(?:www\.)?|\bwww\.)([^\s/?#]*)\S*")
_MASKS = re.compile(r"[0-9@$€£!|+*_~^`\"#%=]")


def normalise(text: str) -> str:
    """Plain lower-case form of `text`, single-spaced, for features only, never for display.

    Compatibility forms and lookalike letters become Latin, combining and invisible marks vanish,
    `h4te` and `h a t e` become `hate`, and three or more of one letter become one. Never raises.
    Applying it twice gives what applying it once gives, unless the text nests more than
    `MAX_PASSES` tricks. Steps follow Unicode TR15 (forms) and TR39 (confusables, a short list).
    """
    plain = _letters(text)
    for _ in range(MAX_PASSES):
        respelt = _spelling(plain)
        if respelt == plain:
            break
        plain = respelt
    return plain


def folded(text: str) -> str:
    """Lower-case text in plain letters, spacing kept: compatibility forms undone, lookalikes Latin, marks gone."""
    if text.isascii():
        return text.lower()
    lower = unicodedata.normalize("NFKD", text).lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", lower).translate(_FOLD))


def _letters(text: str) -> str:
    return " ".join(folded(text).lower().split())


def _spelling(text: str) -> str:
    if "://" in text or "www." in text:
        text = _LINK.sub(r"httpurl \1", text)  # the path is noise, and leetspeak would garble it
    text = _SPACED.sub(_joined, text)
    if _MASKS.search(text):
        text = _INNER.sub("", text)
        text = _ATE.sub(r"\1ate", text)
        text = _LEET_RUN.sub(_unleet, text)
    return _REPEAT.sub(r"\1", text)


def _joined(found: re.Match[str]) -> str:
    run = found.group()
    letters = run[::2]
    return letters if any("a" <= letter <= "z" for letter in letters) else run


def _unleet(found: re.Match[str]) -> str:
    run = found.group()
    if run.isalpha() or not _LEET_MARK.search(run) or _COUNTED.fullmatch(run):
        return run
    word = run.rstrip("!|+")
    if word.startswith("@") and not _AT_WORD.match(word):
        return run[0] + run[1:]  # a handle, not a letter in disguise
    return word.translate(_LEET) + run[len(word) :]
