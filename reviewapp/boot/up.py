"""`manage.py up`: everything on this machine, until Ctrl-C."""

import argparse
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from reviewapp.boot import environment, schema, static
from reviewapp.boot.home import Home, chosen_path, product_version
from reviewapp.boot.process import Process
from reviewapp.boot.say import line
from reviewapp.boot.services import DATABASE, DOORBELL, PREFORK, REASONER, Services, check_port
from reviewapp.boot.supervisor import Supervisor

DEMO_PEOPLE = ("moderator", "senior", "author", "approver", "auditor", "admin")


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal."""


def parser() -> argparse.ArgumentParser:
    """The options of `up`."""
    options = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    options.add_argument("--port", type=int, default=8000, help="port of the web pages (8000)")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    options.add_argument("--home", help="folder for all data (.review in the checkout, or REVIEW_HOME)")
    options.add_argument("--no-demo", action="store_true", help="no demo people and items")
    options.add_argument("--workers", type=int, default=1, help="processes that score items (1)")
    return options


def up(root: Path, arguments: Sequence[str]) -> int:
    """Run the product; returns 0 after an orderly stop. Raises BootError that says what to do."""
    options = parser().parse_args(arguments)
    began = time.monotonic()
    stopping = _StopSignals()
    home = Home(chosen_path(root, options.home), product_version(root))
    home.open()
    home.lock("up", options.port)
    services: Services | None = None
    keeper: Supervisor | None = None
    try:
        check_port(options.host, options.port)
        python = environment.ensure(root, ["run"])
        services = Services(root, home, python)
        services.static = static.folder(home)
        keeper = Supervisor(services.leash)
        _start(services, keeper, options)
        _announce(services, keeper, options, time.monotonic() - began)
        keeper.watch(stopping.asked)
    except Stopped:
        pass
    finally:
        stopping.from_now_on_hurry()
        _stop(home, services, keeper)
    line("Stopped.")
    return 0


def _start(services: Services, keeper: Supervisor, options: argparse.Namespace) -> None:
    def start_web_early() -> None:
        static.bring_up_to_date(services)
        # It takes longest to start, so where nothing is to be migrated it starts while the database does.
        if schema.is_up_to_date(services, demo=not options.no_demo):
            _start_web(services, options)

    services.start((DATABASE, DOORBELL, REASONER, PREFORK), meanwhile=start_web_early)
    if services.prefork:
        prefork = services.prefork
        keeper.keep_server(lambda: prefork.process, lambda: prefork.start(services.leash))
    if services.postgres:
        postgres = services.postgres
        keeper.keep_server(lambda: postgres.process, lambda: postgres.start(services.leash))
    if services.valkey:
        valkey = services.valkey
        keeper.keep_server(lambda: valkey.process, lambda: valkey.start(services.leash))
    if services.reasoner:
        keeper.keep(services.reasoner)
    web = services.web
    if web is None:
        schema.bring_up_to_date(services, demo=not options.no_demo)
        web = _start_web(services, options)
    services.wait_web(options.host, options.port)
    keeper.keep(web)
    # The others wait for the first page: on two cores they would double its time.
    for process in _workers(services, options.workers):
        process.start(services.leash)
        keeper.keep(process)
    environment_ = services.environment(owner=True)
    told = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "REASONER_URL", "REVIEW_URL")
    facts = {name: environment_[name] for name in told if name in environment_}
    services.home.write_runtime({"pid": os.getpid(), "port": options.port, "environment": facts})


def _start_web(services: Services, options: argparse.Namespace) -> Process:
    web = services.web_process(options.host, options.port)
    web.start(services.leash)
    return web


def _workers(services: Services, scoring: int) -> list[Process]:
    names = [f"score-{number}" for number in range(1, scoring + 1)]
    workers = [services.child(name, ["-m", "reviewapp.worker", "score"]) for name in names]
    queues = ["deliver", "export", *_reason_queues(services)]
    workers += [services.child(name, ["-m", "reviewapp.worker", name]) for name in queues]
    return [*workers, services.child("sweeper", ["-m", "reviewapp.sweeper"])]


def _reason_queues(services: Services) -> list[str]:
    """One worker for each reasoner, so that each has its pump."""
    urls = [
        url for url in services.environment(owner=False).get("REASONER_URL", "").split(",") if url.strip()
    ]
    return [f"reason-{place}" if place else "reason" for place in range(len(urls))]


def _announce(services: Services, keeper: Supervisor, options: argparse.Namespace, seconds: float) -> None:
    address = os.environ.get("PUBLIC_URL") or f"http://localhost:{options.port}"
    line(f"\n  {address}\n")
    if options.no_demo:
        line("  Make the first person: python3 manage.py user create --email YOU@EXAMPLE.COM --role admin")
    else:
        password = services.home.secret("demo-password", 9)
        line(f"  Sign in as {', '.join(f'{name}@example.com' for name in DEMO_PEOPLE)}")
        line(f"  Password   {password}   (kept in {services.home.path / 'demo-password'})")
    line("")
    for process in keeper.processes():
        line(f"  {process.name:<10} process {process.pid}")
    if services.reasoner is None:
        line(f"  reasoner   {os.environ.get('REASONER_URL')}")
    else:
        line(
            "  The reasoner is a practice one: it compares with the policy's examples; it is no language model."
        )
    line(f"\nReady in {seconds:.1f} s. Data and logs in {services.home.path}. Ctrl-C stops everything.")


def _stop(home: Home, services: Services | None, keeper: Supervisor | None) -> None:
    if services is not None:
        line("Stopping: running work is finished first (again Ctrl-C: at once) …")
        kept = keeper.processes() if keeper else ()
        servers = {
            server.process for server in (services.postgres, services.valkey) if server and server.started
        }
        if services.prefork:
            servers.add(services.prefork.process)
        rest = [process for process in kept if process not in servers]
        try:
            services.stop(rest)
        except Stopped:
            services.stop(rest, seconds=0.1)
    home.release()


class _StopSignals:
    """Turns the stop signals into an exception while starting and stopping, a flag while watching."""

    def __init__(self) -> None:
        self._asked = False
        self._watching = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def asked(self) -> bool:
        """For the watch loop: was a stop asked for?"""
        self._watching = True
        return self._asked

    def from_now_on_hurry(self) -> None:
        """A further signal interrupts the orderly stop."""
        self._watching = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        if not self._watching:
            self._raise()

    def _raise(self) -> NoReturn:
        raise Stopped
