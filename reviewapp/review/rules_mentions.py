"""What a note may call somebody after `@`. Pure."""

import re
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

MENTION: Final = re.compile(r"(?<![\w@.])@([\w.\-]{1,60})")
_WHOLE: Final = re.compile(r"[\w.\-]{0,59}\w\Z")
Key = TypeVar("Key", bound=Hashable)


def handles(name: str, email: str) -> tuple[str, ...]:
    """The first name, the name without spaces, the e-mail before its `@`: each that there is, once, in small letters."""
    small = name.lower()
    every = (small.split(" ")[0], small.replace(" ", ""), email.partition("@")[0].lower())
    return tuple(dict.fromkeys(each for each in every if each))


def handle_of_each(people: Mapping[Key, tuple[str, str]]) -> dict[Key, str]:
    """For each of `people` (name, e-mail) the shortest handle that is nobody else's; left out who has none."""
    every = {key: handles(*each) for key, each in people.items()}
    shared = Counter(handle for each in every.values() for handle in each)
    free = {
        key: [handle for handle in own if shared[handle] == 1 and _WHOLE.match(handle)]
        for key, own in every.items()
    }
    return {key: min(own, key=len) for key, own in free.items() if own}
