"""The command line that starts the real engine on a card: one list of flags for people, the command and compose.yaml."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

START_DATE = "2025-10-29"
"""The model's own system turn holds a date that stands before the policy: pinned, so that no prefix dies at midnight."""
ENVIRONMENT: Mapping[str, str] = {
    "VLLM_SYSTEM_START_DATE": START_DATE,
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
COMMON: tuple[str, ...] = (
    "--enable-prefix-caching",
    "--enable-prompt-tokens-details",
    "--scheduling-policy priority",
    "--max-num-queued-reqs 512",
    "--shutdown-timeout 30",
    "--disable-uvicorn-access-log",
)
MODELS: Mapping[str, str] = {
    "20b": "openai/gpt-oss-safeguard-20b",
    "120b": "openai/gpt-oss-safeguard-120b",
}
SIZES: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("20b", 16): (
        "--gpu-memory-utilization 0.95",
        "--max-model-len 8192",
        "--max-num-seqs 8",
        "--max-num-batched-tokens 2048",
    ),
    ("20b", 24): (
        "--gpu-memory-utilization 0.92",
        "--max-model-len 16384",
        "--max-num-seqs 64",
        "--max-num-batched-tokens 4096",
    ),
    ("20b", 80): ("--max-model-len 16384", "--max-num-seqs 256", "--max-num-batched-tokens 8192"),
    ("120b", 80): (
        "--gpu-memory-utilization 0.95",
        "--max-model-len 16384",
        "--max-num-seqs 64",
        "--max-num-batched-tokens 2048",
    ),
}
"""Flags by model and card in GB. Sums, not measurements: weights 13 and 61 GiB, 24 and 36 KiB of cache a token."""
CARDS: tuple[tuple[int, float], ...] = ((80, 70.0), (24, 20.0), (16, 14.0))
"""Card in GB, and the GiB from which a card counts as one: makers' gigabytes are smaller, and drivers keep some."""
KEY = '"$REASONER_API_KEY"'


class CannotServe(Exception):
    """The engine cannot be started here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card: its number on this machine, its name, its memory in GiB."""

    number: int
    name: str
    memory: float

    @property
    def size(self) -> int:
        """The class of card whose flags it takes, in GB: 16, 24 or 80; 0 for less than 16."""
        return next((size for size, least in CARDS if self.memory >= least), 0)


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: `flags` are those after the model, `--flag value` together, without the key."""

    model: str
    flags: tuple[str, ...]

    def words(self, program: str = "vllm") -> list[str]:
        """The command as words. The key is not among them: it travels in VLLM_API_KEY, where no process list shows it."""
        return [program, "serve", self.model, *(word for flag in self.flags for word in flag.split(" ", 1))]

    def shown(self) -> str:
        """The same for a shell, one flag a line, the key by its variable."""
        settings = " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
        lines = [f"{settings} vllm serve {self.model}", *self.flags, f"--api-key {KEY}"]
        return " \\\n  ".join(lines)


def launch(
    model: str,
    card: Card,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    weights: str = "",
    tight: bool = False,
) -> Launch:
    """What to start for a model (`20b`, `120b`) on a card. Raises CannotServe where it does not fit.

    `weights` names a folder in place of the published model; `tight` gives up compiled graphs for some memory.
    """
    flags = SIZES.get((model, card.size))
    if flags is None:
        raise CannotServe(_too_small(model, card))
    served = f"--served-model-name gpt-oss-safeguard-{model}"
    where = (f"--host {host}", f"--port {port}")
    extra = ("--enforce-eager",) if tight else ()
    return Launch(weights or MODELS[model], (served, *where, *COMMON, *flags, *extra))


def find_cards() -> list[Card]:
    """The cards of this machine, as `nvidia-smi` lists them; none where there is no driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    asked = [program, "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return read_cards(done.stdout) if done.returncode == 0 else []


def read_cards(listing: str) -> list[Card]:
    """The cards in lines of `number, name, MiB`; lines of another form (a card without memory to tell) are left out."""
    found = []
    for line in listing.splitlines():
        number, _, rest = line.partition(",")
        name, _, memory = rest.rpartition(",")
        if number.strip().isdigit() and memory.strip().isdigit():
            found.append(Card(int(number), name.strip(), int(memory) / 1024))
    return found


def chosen_card(cards: Sequence[Card], number: int | None) -> Card:
    """The card with this number, or the largest. Raises CannotServe where there is none."""
    if not cards:
        raise CannotServe(
            "No NVIDIA card was found here (nvidia-smi lists none). On a machine without one, use the practice reasoner: "
            "leave REASONER_URL unset. To see the command for a card, add --print --card 16, 24 or 80."
        )
    if number is None:
        return max(cards, key=lambda card: (card.memory, -card.number))
    for card in cards:
        if card.number == number:
            return card
    known = ", ".join(str(card.number) for card in cards)
    raise CannotServe(f"There is no card {number} here. Choose one of: {known}.")


def engine_program() -> str:
    """The path of `vllm`: beside this Python, or on the PATH. Raises CannotServe that says how to install it."""
    beside = Path(sys.executable).with_name("vllm")
    found = str(beside) if beside.exists() else shutil.which("vllm")
    if found is None:
        raise CannotServe(
            'vLLM is not installed here. Make it an environment of its own: python3 -m venv engine && engine/bin/pip install "vllm>=0.32" '
            "(the `vllm` extra of pyproject.toml), and put engine/bin on the PATH. --print shows the command without it."
        )
    return found


def _too_small(model: str, card: Card) -> str:
    least = min(size for name, size in SIZES if name == model)
    other = " Use --model 20b here." if model == "120b" and card.size else ""
    return f"The {model} model needs a card of at least {least} GB; {card.name} has {card.memory:.0f} GiB.{other}"
