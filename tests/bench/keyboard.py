"""A moderator who only has a keyboard: keys a call, time to the next item, layout shift and bytes, in a real Chromium."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.test import Client

from reviewapp.accounts.actions import set_preferences
from reviewapp.boot.checks import find_chromium
from reviewapp.review import actions
from reviewapp.review.models import Decision, Task
from tests import servers
from tests.bench.measure import Figure, figure, percentile
from tests.cast import gather
from tests.rooms.review import stage
from tests.rooms.screening.desk import publish

if TYPE_CHECKING:
    from playwright.sync_api import Page

ITEMS: Final = 500
QUEUE: Final = "scams-spam"
INERT_MS: Final = 720
"""Confirm is deaf for 700 ms after the screen changed; the robot reads that long and no longer."""
AGREE: Final = ("c",)
DISAGREE: Final = ("0", "Enter")
SHOWN_SECONDS: Final = 0.150
PAGE_BYTES: Final = 60_000
FIRST_BYTES: Final = 170_000
WORDS: Final = "They wrote that the parcel waits for a small fee and asked me to send the code at once. "

# Runs before the page's own scripts. A screen counts as shown when the frame after its swap has been drawn.
PROBE: Final = """
window.robot = {pressed: 0, answered: 0, shown: [], answers: [], refused: [], shift: 0, shifted: []};
addEventListener("keydown", () => { robot.pressed = performance.now(); }, true);
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "desk") return;
  robot.answered = performance.now() - robot.pressed;
  if (event.detail.xhr.status >= 400) robot.refused.push(event.detail.xhr.status);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "desk") return;
  requestAnimationFrame(() => { setTimeout(() => {
    robot.answers.push(robot.answered);
    robot.shown.push(performance.now() - robot.pressed);
  }); });
});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    robot.shift += entry.value;
    for (const source of entry.sources) robot.shifted.push(source.node?.parentNode?.outerHTML.slice(0, 80));
  }
}).observe({type: "layout-shift", buffered: true});
"""


@dataclass(slots=True)
class Work:
    """What the robot measured.

    Seconds from the last key to the next item drawn, and to the answer of the server; seconds and bytes a step; how many
    keys each call took; the layout shift of the session as browsers count it, and what shifted.
    """

    shown: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    bytes_first: int = 0
    bytes: list[int] = field(default_factory=list)
    keys: dict[str, set[int]] = field(default_factory=lambda: {"agree": set(), "disagree": set()})
    shift: float = 0.0
    shifted: set[str] = field(default_factory=set)


def decide_by_keys(page: "Page", count: int, queue: str = QUEUE) -> Work:
    """Decide `count` items of `queue`, agreeing and disagreeing in turns, on a page that nothing was loaded in yet."""
    work, received = Work(), [0]
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: _add(received, event))
    page.add_init_script(PROBE)
    page.goto(f"/queues/{queue}/next")
    _press_start(page)
    page.wait_for_url("**/review/*")
    page.wait_for_load_state("networkidle")
    work.bytes_first = received[0]
    for number in range(count):
        received[0], begun = 0, time.perf_counter()
        page.wait_for_timeout(INERT_MS)
        keys = DISAGREE if number % 2 else AGREE
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_function("count => robot.shown.length > count", arg=number)
        work.steps.append(time.perf_counter() - begun)
        work.keys["disagree" if number % 2 else "agree"].add(len(keys))
        work.bytes.append(received[0])
    seen = page.evaluate("robot")
    assert not seen["refused"], f"the robot was refused: {seen['refused']}"
    work.shown = [each / 1_000 for each in seen["shown"]]
    work.answers = [each / 1_000 for each in seen["answers"]]
    work.shift, work.shifted = seen["shift"], set(seen["shifted"])
    wire.detach()
    return work


def _press_start(page: "Page") -> None:
    """Go to the button by keys alone, as somebody without a mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("/^(Start|Continue)/.test(document.activeElement.textContent.trim())"):
            page.keyboard.press("Enter")
            return
    raise AssertionError("the Start button cannot be reached by Tab")


def _add(received: list[int], event: dict[str, Any]) -> None:
    received[0] += int(event["encodedDataLength"])


def robot(database: str) -> Iterator[Figure]:
    """500 items by keyboard alone; skips nothing, so it needs a Chromium of the system."""
    person = gather().ana
    set_preferences(person=person.pk, changes={"exposure_cap": 0})
    publish()
    version = stage.publish("fraud")
    for number in range(ITEMS + 1):
        item = stage.wait_for_a_person(f"{WORDS * 12} Number {number}.", name=f"keyboard-{number:04}")
        stage.say(item, version)
    while actions.admit():
        pass
    Task.objects.update(blind=False)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with servers.web_server(database, home, servers.static_files(home)) as address:
            work = _in_chromium(address, person)
    made = Decision.objects.count()
    assert made == ITEMS, f"{made} decisions of {ITEMS}"
    yield from _figures(work)


def _in_chromium(address: str, person: Any) -> Work:
    from playwright.sync_api import sync_playwright

    session = Client()
    session.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    name = settings.SESSION_COOKIE_NAME
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        context = chromium.new_context(base_url=address)
        context.add_cookies([{"name": name, "value": session.cookies[name].value, "url": address}])
        work = decide_by_keys(context.new_page(), ITEMS)
        chromium.close()
    return work


def _figures(work: Work) -> Iterator[Figure]:
    agree, disagree = max(work.keys["agree"]), max(work.keys["disagree"])
    yield figure(
        "keyboard keys", "keys to disagree ÷ keys to agree", [disagree], [agree], at_most=agree + 1, unit="keys",
        seconds_a_step=f"{statistics.median(work.steps):.2f}, of which {INERT_MS / 1000} reading",
    )  # fmt: skip
    yield figure(
        "keyboard next item", "p95 from the decision key to the next item drawn ÷ 150 ms",
        [percentile(work.shown, 0.95)], [SHOWN_SECONDS], at_most=1.0, unit="s",
        p50=f"{1000 * percentile(work.shown, 0.5):.0f} ms", p95=f"{1000 * percentile(work.shown, 0.95):.0f} ms",
        answer_p50=f"{1000 * percentile(work.answers, 0.5):.0f} ms", answer_p95=f"{1000 * percentile(work.answers, 0.95):.0f} ms",
    )  # fmt: skip
    yield figure(
        "keyboard shift", "layout shift of the whole session ÷ 0.1", [work.shift], [0.1], at_most=0.0, unit="", shifted=sorted(work.shifted)
    )  # fmt: skip
    yield figure(
        "keyboard bytes", "most bytes of a page after the first ÷ 60 kB", [max(work.bytes)], [PAGE_BYTES], at_most=1.0,
        unit="B", median=f"{statistics.median(work.bytes):,.0f}",
    )  # fmt: skip
    yield figure(
        "keyboard first load", "bytes until the first item is drawn in an empty browser ÷ 170 kB",
        [work.bytes_first], [FIRST_BYTES], at_most=1.0, unit="B",
    )  # fmt: skip
