"""Signs that content talks to the machine that judges it. A hint for people and for sampling, never a verdict."""

import re
import unicodedata
from collections.abc import Iterator

from inference.injection_views import encoded_text, views

_JUDGE = r"(?:ai|a\.i\.|llm|language model|assistant|(?:content )?moderator|classifier|moderation (?:system|model|bot)|chatbot|dan)"
_RULES = r"(?:instructions?|polic(?:y|ies)|rules?|prompts?|guidelines|restrictions|directives|above|previous)"

_GREETED = [
    f"{greeting} {model}" for greeting in ("dear", "hey", "hello", "to the") for model in ("ai", "llm")
]

# Every repeat is bounded: content of 100,000 characters must not cost more than some milliseconds. Before each pattern
# stand parts of which every match holds one, in small letters: looking for those costs a twentieth of the pattern.
_SIGNS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    (
        "control words of the model's format",
        ("<", "inst]", "#"),
        re.compile(
            r"<\s{0,3}\|\s{0,3}\w{1,24}\s{0,3}\|\s{0,3}>|<\|"
            r"|\[/?inst\]|<</?sys>>|</?(?:start|end)_of_turn>|</?s>\s{0,3}(?:system|user|assistant)\b"
            r"|</?(?:system|assistant|tool_call|function_call|developer)>"
            r"|^[ \t]{0,3}#{1,4} ?(?:instruction|response|system)\s{0,3}:",
            re.I | re.M,
        ),
    ),
    (
        "speaks of the output format",
        (
            "label",
            "sections",
            "evidence_",
            "rationale",
            "confidence",
            "violation",
            "rule_ids",
            "json",
            "violates",
            "allowed",
            "only ",
            "safe",
            "benign",
        ),
        re.compile(
            r"[\"'](?:label|sections|evidence_for|evidence_against|rationale|confidence|violation|rule_ids)[\"']\s{0,3}:"
            r"|\bevidence_(?:for|against)\b"
            r"|\b(?:respond|reply|answer|output)\b.{0,30}\b(?:json|violates|allowed|\"?label\"?|only (?:with )?yes)\b"
            r"|\b(?:label|verdict|classify|mark)\b.{0,30}(?:\b(?:as|is)\b|[=:])\s{0,3}[\"']?(?:allowed|safe|violates|benign)\b",
            re.I | re.S,
        ),
    ),
    (
        "carries policy or section markers",
        ("#", " (0)", " (1)", " examples", "[[", "new policy", "new content policy", "new rules"),
        re.compile(
            r"^[ \t]{0,3}#{1,3}[ \t]{0,3}(?:[A-Z]{2,4}-\d|instructions?\b|policy\b|definitions\b|violates\b|safe\b|how to answer)"
            r"|##[ \t]{0,3}[A-Z]{2,4}-\d|^[ \t]{0,3}(?:violates|safe) \([01]\)"
            r"|^[ \t]{0,8}(?:violating|allowed) examples\s{0,3}:|\[\[\s{0,3}(?:end )?(?:item|context)\b|\]\]\s{0,3}\[\["
            r"|\bnew (?:policy|content policy|rules)\s{0,3}:",
            re.I | re.M,
        ),
    ),
    (
        "asks to ignore instructions",
        ("ignore", "disregard", "forget", "override", "bypass", "follow", "from now on"),
        re.compile(
            rf"\b(?:ignore|disregard|forget|override|bypass|(?:do not|don't|stop) follow(?:ing)?)\b.{{0,40}}\b{_RULES}\b"
            r"|\bfrom now on,? (?:you|answer|reply|respond)\b",
            re.I | re.S,
        ),
    ),
    (
        "asks to ignore instructions",
        (
            "ignor",
            "oublie",
            "olvida",
            "vergiss",
            "dimentica",
            "esqueça",
            "negeer",
            "игнорируй",
            "забудь",
            "ігноруй",
            "talimat",
            "abaikan",
            "bỏ qua",
            "無視",
            "忽略",
            "无视",
            "忘记",
            "무시",
            "تجاهل",
            "انس",
            "अनदेखा",
            "नज़रअंदाज़",
        ),
        re.compile(
            r"\bignor\w{0,6}\b.{0,40}\b(?:instruccion\w{0,2}|instrucciones|instruç\w{1,4}|istruzion\w|anweisung\w{0,3}|consignes"
            r"|instructions pr\w{1,9})\b"
            r"|\b(?:oublie|olvida|vergiss|dimentica|esqueça)\w{0,3}\b.{0,40}\b(?:instru\w{2,9}|istru\w{2,9}|anweis\w{2,6}|regeln"
            r"|reglas|règles|regole|regras)\b"
            r"|\bnegeer\b.{0,40}\b(?:instructies|regels)\b|\bzignoruj\b.{0,40}\b(?:instrukcj\w|zasad\w)\b"
            r"|(?:игнорируй|забудь|ігноруй)\w{0,3}.{0,40}(?:инструкци|правил|указани|інструкці)"
            r"|talimat\w{0,8}.{0,20}(?:yok say|unut|görmezden)|abaikan.{0,30}(?:instruksi|perintah)|bỏ qua.{0,30}(?:hướng dẫn|chỉ dẫn)"
            r"|(?:指示|命令|ルール).{0,12}無視|(?:忽略|无视|無視|忘记).{0,16}(?:指令|指示|规则|規則)|(?:지시|규칙|명령).{0,16}무시"
            r"|(?:تجاهل|انس).{0,30}(?:التعليمات|القواعد|تعليمات)|(?:निर्देश|नियम)\w{0,6}.{0,24}(?:अनदेखा|नज़रअंदाज़)",
            re.I | re.S,
        ),
    ),
    (
        "assigns a role or speaks to the moderator model",
        (
            "you are",
            "pretend",
            "act",
            "roleplay",
            "role-play",
            "system",
            "developer",
            "assistant",
            "note to",
            "message to",
            "language model",
            "chatgpt",
            *_GREETED,
        ),
        re.compile(
            rf"\byou are (?:now )?(?:an? )?(?:\w{{1,20}} )?(?:model|{_JUDGE})\b|\bif you are an? {_JUDGE}\b"
            rf"|\b(?:pretend|act|roleplay|role-play)\b.{{0,20}}\b(?:as|to be)\b.{{0,20}}\b{_JUDGE}\b"
            r"|\b(?:system|developer) (?:prompt|message)\b|^[ \t]{0,8}(?:system|developer|assistant)\s{0,3}:"
            r"|\b(?:note|message) to (?:the )?(?:ai|model|moderator|classifier|reviewer)\b"
            r"|\b(?:dear|hey|hello|to the) (?:language model|ai|llm|chatgpt)\b",
            re.I | re.M,
        ),
    ),
)
ENCODED = "a long run of encoded text"
HIDDEN = "invisible or tag characters"
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,7}\U000e007f")
# Joiners, direction marks, isolates, soft hyphens and Arabic number marks stand in ordinary text of many scripts.
_COMMON_MARKS = frozenset(
    (
        0xAD,
        0x200C,
        0x200D,
        0x200E,
        0x200F,
        *range(0x202A, 0x202D),
        *range(0x2066, 0x206A),
        *range(0x600, 0x6DE),
    )
)


def injection_suspected(text: str) -> list[str]:
    """Reasons to suspect that the text tries to steer the judge, each once; empty if none. Plain words for people.

    Looks at the text as it is, in plain letters, and with what is encoded in it decoded.
    """
    return list(dict.fromkeys(_reasons(text)))


def _reasons(text: str) -> Iterator[str]:
    seen = [(view, _small(view)) for view in views(text)]
    for name, parts, pattern in _SIGNS:
        if any(any(part in small for part in parts) and pattern.search(view) for view, small in seen):
            yield name
    if encoded_text(text):
        yield ENCODED
    if _hidden(text):
        yield HIDDEN


def _small(text: str) -> str:
    """In small letters, as a pattern that ignores case reads them: for it both Turkish i are an i."""
    return text.lower() if text.isascii() else text.replace("İ", "i").casefold().replace("ı", "i")


def _hidden(text: str) -> bool:
    """Tag characters outside flags, direction overrides, or three invisible marks that no script needs there."""
    if text.isascii():
        return text.count("\x00") >= 3
    invisible = 0
    before = 0
    for char in _FLAG.sub("", text):
        code = ord(char)
        if 0xE0000 <= code <= 0xE007F or code in (0x202D, 0x202E):
            return True
        invisible += _unneeded(code, char, before)
        before = code
    return invisible >= 3


def _unneeded(code: int, char: str, before: int) -> bool:
    """Whether nobody who writes plainly puts this character after that one."""
    if code < 0xAD:
        return code == 0
    if 0xE0100 <= code <= 0xE01EF:
        return not 0x3400 <= before <= 0x3FFFF  # variants of one Han sign
    if code == 0x200B:
        return not 0x0E00 <= before <= 0x17FF  # scripts without spaces between words
    if code in _COMMON_MARKS:
        return False
    return 0xD800 <= code <= 0xDFFF or unicodedata.category(char) == "Cf"
