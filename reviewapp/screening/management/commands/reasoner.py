"""`manage.py reasoner`: the engine's command line, the stand-in alone, a look at a live engine, one item's request."""

import asyncio
import json
import os
from argparse import REMAINDER, ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from inference import ContextEntry, Effort, EngineUnavailable, Failure, ItemText, PolicyText, Reasoner
from inference import standin as standin_server
from inference.launch import (
    ENVIRONMENT,
    CannotServe,
    Card,
    Launch,
    chosen_card,
    engine_program,
    find_cards,
    launch,
)
from inference.prompt import request_body
from inference.tokens import count, prompt_tokens
from reviewapp.policies import reads as policies
from reviewapp.policies import reads_cases
from reviewapp.policies.reads import PublishedPolicy
from reviewapp.screening.rules import PRACTICE_NOTICE
from reviewapp.ui.errors import Missing

CANARIES_A_POLICY: Final = 4
CHECK_SECONDS: Final = 60.0


class Command(BaseCommand):
    """Four jobs: `serve`, `standin`, `check`, `prompt`."""

    help = "Starts the real engine or the stand-in, checks a live engine, or prints what would be sent for an item."
    requires_system_checks = []  # all but `prompt` must work while the database is away

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The subcommands."""
        jobs = parser.add_subparsers(dest="job", required=True)
        real = jobs.add_parser("serve", help="the real engine (vLLM) on this machine's card")
        real.add_argument("--model", choices=("20b", "120b"), required=True)
        real.add_argument("--print", action="store_true", help="print the command, start nothing")
        real.add_argument(
            "--card", type=int, choices=(16, 24, 80), help="take a card of so many GB for granted"
        )
        real.add_argument(
            "--gpu", type=int, metavar="N", help="which card, by its number; default: the largest"
        )
        real.add_argument("--port", type=int, default=8000)
        real.add_argument("--host", default="127.0.0.1", help="an address that only the app can reach")
        real.add_argument(
            "--weights",
            default="",
            metavar="DIR",
            help="a folder with the model, for machines without network",
        )
        real.add_argument(
            "--tight", action="store_true", help="where memory does not suffice: no compiled graphs"
        )
        # It reads its own options: with another prefix none of them is one here, not even the first.
        alone = jobs.add_parser(
            "standin", help="the stand-in server: --port N [--script FILE]", add_help=False, prefix_chars="\0"
        )
        alone.add_argument("rest", nargs=REMAINDER)
        look = jobs.add_parser("check", help="health, identity, and the cases of the published policies")
        look.add_argument("url", nargs="?", metavar="URL", help="default: every address in REASONER_URL")
        show = jobs.add_parser("prompt", help="the request for one item, with token counts")
        show.add_argument("policy", metavar="POLICY[@N]", help="without @N the published version")
        show.add_argument("--item", type=Path, required=True, metavar="FILE.json", help="one API item")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of the four. Raises CommandError that says what to do."""
        if options["job"] == "serve":
            self._serve(options)
        elif options["job"] == "standin":
            status = standin_server.main(options["rest"])
            if status:
                raise CommandError("the stand-in did not run", returncode=status)
        elif options["job"] == "check":
            self._check([options["url"]] if options["url"] else settings.REASONER_URLS)
        else:
            self._prompt(options["policy"], options["item"])

    def _serve(self, options: dict[str, Any]) -> None:
        """Print the command for the card, or become it."""
        try:
            card = _card(options)
            wanted = launch(
                options["model"], card, host=options["host"], port=options["port"],
                weights=options["weights"], tight=options["tight"],
            )  # fmt: skip
            self.stderr.write(f"For {card.name} ({card.memory:.0f} GiB), card {card.number}.")
            if options["print"]:
                self.stdout.write(wanted.shown())
                return
            _start(wanted, card)
        except CannotServe as cannot:
            raise CommandError(str(cannot)) from cannot

    def _check(self, urls: Sequence[str]) -> None:
        if not urls:
            raise CommandError("No reasoner is configured. Give a URL, or set REASONER_URL.")
        canaries = _canaries()
        if not canaries:
            self.stdout.write("No published policy has cases here, so no answer is checked.")
        bad = [url for url in urls if not asyncio.run(self._look(url, canaries))]
        if bad:
            raise CommandError(f"not fit for use: {', '.join(bad)}")

    async def _look(self, url: str, canaries: Sequence[tuple[PolicyText, ItemText, str]]) -> bool:
        """Print what one engine says and answers; whether it is fit for use."""
        try:
            reasoner = Reasoner(url, settings.REASONER_API_KEY, settings.REASONER_MODEL or None)
        except ValueError as wrong:
            raise CommandError(str(wrong)) from wrong
        async with reasoner:
            try:
                identity = await reasoner.identity()
            except EngineUnavailable as away:
                self.stdout.write(f"{url}: {away.failure.reason}")
                return False
            healthy = await reasoner.healthy()
            self.stdout.write(
                f"{url}: {identity.model}, version {identity.version or 'not told'}, "
                f"context {identity.max_model_len or 'not told'}, {'healthy' if healthy else 'NOT healthy'}"
            )
            if identity.practice:
                self.stdout.write(f"  {PRACTICE_NOTICE}")
            calls = [reasoner.judge(policy, item, Effort.LOW, CHECK_SECONDS) for policy, item, _ in canaries]
            answers = await asyncio.gather(*calls)
        failures = [answer for answer in answers if isinstance(answer, Failure)]
        for reason in sorted({f"{failure.kind.value}: {failure.reason}" for failure in failures}):
            self.stdout.write(f"  {reason}")
        differ = [
            f"{item.id}: {answer.label.value}, expected {expect}"
            for answer, (_, item, expect) in zip(answers, canaries, strict=True)
            if not isinstance(answer, Failure) and answer.label.value != expect
        ]
        for line in differ:
            self.stdout.write(f"  {line}")
        self.stdout.write(
            f"  {len(canaries) - len(differ) - len(failures)} of {len(canaries)} cases as expected, {len(failures)} without a verdict"
        )
        return healthy and not failures

    def _prompt(self, wanted: str, path: Path) -> None:
        policy = _policy(wanted)
        item = _item(path)
        model = settings.REASONER_MODEL or "MODEL"
        body = request_body(
            policy_text(policy), item, model=model, effort=Effort(policy.effort), structured=True
        )
        texts = [message["content"] for message in body["messages"]]
        self.stdout.write(json.dumps(body, ensure_ascii=False, indent=2))
        self.stderr.write(
            f"policy part {count(texts[0]):,} tokens (the same for every item), item part {count(texts[1]):,}, "
            f"prompt with frame {prompt_tokens(texts):,}, room for the answer {body['max_completion_tokens']:,}"
        )


def _card(options: dict[str, Any]) -> Card:
    """The card named, or found; where there is none, a command that is only shown is that for 24 (120b: 80) GB."""
    cards = [] if options["card"] else find_cards()
    size = options["card"]
    if not size and not cards and options["print"]:
        size = 80 if options["model"] == "120b" else 24
        return Card(0, f"a card of {size} GB; none is here, and --card names another", float(size))
    if size:
        return Card(options["gpu"] or 0, f"a card of {size} GB, as --card says", float(size))
    return chosen_card(cards, options["gpu"])


def _start(wanted: Launch, card: Card) -> None:
    """Become the engine, so that its signals and exit status are its own. Raises CannotServe."""
    program = engine_program()
    if not settings.REASONER_API_KEY:
        raise CannotServe(
            "REASONER_API_KEY is not set, and an engine without a key answers everybody who reaches it. Set one for the "
            "engine and for the app: export REASONER_API_KEY=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')"
        )
    given = {"VLLM_API_KEY": settings.REASONER_API_KEY, "CUDA_VISIBLE_DEVICES": str(card.number)}
    os.execve(program, wanted.words(program), {**os.environ, **ENVIRONMENT, **given})  # noqa: S606


def policy_text(policy: PublishedPolicy) -> PolicyText:
    """A version as inference takes it."""
    return PolicyText(policy.slug, policy.number, policy.hash, policy.text, policy.section_ids)


def _policy(wanted: str) -> PublishedPolicy:
    slug, _, number = wanted.partition("@")
    if number and not number.isdigit():
        raise CommandError(f"{wanted} is not SLUG or SLUG@N, such as spam@2.")
    try:
        return policies.published_version(slug, int(number) if number else None)
    except Missing as missing:
        raise CommandError(missing.message) from missing


def _item(path: Path) -> ItemText:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        text = value["content"]["text"]
        context = [
            ContextEntry(str(each.get("role", "")), str(each["text"])) for each in value.get("context", [])
        ]
    except OSError as trouble:
        raise CommandError(f"{path} cannot be read ({trouble.strerror}). Check the path.") from trouble
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise CommandError(
            f'{path} is not one API item: {{"external_id", "source", "content": {{"text"}}}}.'
        ) from wrong
    attachments = len(value["content"].get("attachments", []))
    return ItemText(
        str(value.get("external_id", "")),
        str(text),
        tuple(context),
        attachments,
        str(value.get("language", "und")),
    )


def _canaries() -> list[tuple[PolicyText, ItemText, str]]:
    """A few cases of each published policy, half of them violating where there are enough."""
    found = []
    for policy in policies.published():
        cases = reads_cases.gate_subject(policy.version_id).cases
        violating = [case for case in cases if case.expect == "violates"][: CANARIES_A_POLICY // 2]
        allowed = [case for case in cases if case.expect == "allowed"][: CANARIES_A_POLICY // 2]
        found += [
            (policy_text(policy), ItemText(f"{policy.slug}-{case.code}", case.text), case.expect)
            for case in (*violating, *allowed)
        ]
    return found
