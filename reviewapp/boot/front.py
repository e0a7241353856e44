"""The front door: its own commands here, every other one to Django with the services it needs."""

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reviewapp.boot import checks, environment, lockfile, schema
from reviewapp.boot.home import Home, chosen_path, product_version
from reviewapp.boot.run import foreground
from reviewapp.boot.say import BootError, line, warn
from reviewapp.boot.schema import PASSED
from reviewapp.boot.services import DATABASE, DOORBELL, REASONER, WEB, Services, free_port
from reviewapp.boot.up import Stopped, up

HELP = """Content review: versioned policies, a prefilter, a reasoner that reads policies, people who decide.

  python3 manage.py up        start everything (--port, --host, --home, --no-demo, --workers)
  python3 manage.py test      the whole test suite, on services of its own
  python3 manage.py lint      formatting, types, import floors, templates
  python3 manage.py bench     the benchmarks ([NAME…] [--json FILE]; soak [--minutes N] [--seed N])
  python3 manage.py lock      resolve requirements.lock anew (needs uv)
  python3 manage.py translations    the words of the screens in other languages (update, compile)

Data: ingest, export, erase. People and keys: user, apikey. Policies: policy, evaluate.
Machines: prefilter, reasoner. Proof: audit. Each explains itself with --help.
"""


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status. Errors a person can mend are one clear message."""
    try:
        return _dispatch(root, list(arguments))
    except BootError as error:
        warn(f"\n{error}")
        return 1
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EPERM, errno.EDQUOT}:
            raise
        warn(
            f"\n{error.filename or 'The disk'}: {error.strerror}. Free some space or fix its permissions, then start again."
        )
        return 1
    except (KeyboardInterrupt, Stopped):
        return 130


def needs(arguments: Sequence[str]) -> tuple[str, ...]:
    """The services a Django command needs; none for those that only read and write files."""
    name, rest = arguments[0], arguments[1:]
    if name in {"help", "version", "prefilter", "translations"} or {"-h", "--help", "--version"} & set(
        arguments
    ):
        return ()
    if name == "reasoner" and rest[:1] and rest[0] in {"standin", "serve"}:
        return ()
    if name == "ingest":
        return (
            () if any(word.split("=")[0] == "--url" for word in rest) else (DATABASE, DOORBELL, REASONER, WEB)
        )
    if name == "evaluate" or (name == "reasoner" and rest[:1] == ["check"]):
        return (DATABASE, DOORBELL, REASONER)
    return (DATABASE, DOORBELL)


def sections(arguments: Sequence[str]) -> list[str]:
    """The lock sections a command needs."""
    if list(arguments[:2]) in (["prefilter", "train"], ["prefilter", "report"]):
        return ["run", "train"]
    if arguments[0] == "translations":
        return ["run", "translate"]
    return list(lockfile.SECTIONS) if arguments[0] in {"test", "lint", "bench"} else ["run"]


def _dispatch(root: Path, arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"} or arguments == ["help"]:
        line(HELP)
        return 0
    name, rest = arguments[0], arguments[1:]
    if name == "up":
        return up(root, rest)
    if name == "lock":
        lockfile.regenerate(root)
        return 0
    python = environment.ensure(root, sections(arguments))
    if name == "lint":
        return checks.lint(root, python)
    if name in {"test", "bench"}:
        return checks.run_on_own_services(root, python, name, rest)
    return _django(root, python, arguments)


def _django(root: Path, python: Path, arguments: list[str]) -> int:
    command = [str(python), str(root / "manage.py"), *arguments]
    wanted = needs(arguments)
    home = Home(chosen_path(root, None), product_version(root))
    if not wanted:
        return foreground(command, {**os.environ, **PASSED})
    home.open()
    running = home.running()
    if running is not None:
        env = {**running["environment"], **os.environ, **PASSED}
        env.setdefault("SECRET_KEY", home.secret("secret-key", 50))
        env["REVIEW_HOME"] = str(home.path)
        return foreground(command, env)
    home.lock(arguments[0])
    services = Services(root, home, python)
    try:
        services.start(wanted)
        if arguments[0] not in {"migrate", "makemigrations", "check"}:
            schema.bring_up_to_date(services, demo=False)
        if WEB in wanted:
            port = free_port()
            services.web_process("127.0.0.1", port).start(services.leash)
            services.wait_web("127.0.0.1", port)
        return foreground(command, services.environment(owner=True) | PASSED)
    finally:
        services.stop()
        home.release()


def enter(root: Path) -> None:
    """What manage.py calls before the environment exists."""
    # Set in many container images, for one process that starts once. Here each of a dozen would compile a thousand modules
    # at every start; what Python keeps of them lies in folders that version control ignores.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    sys.exit(main(root, sys.argv[1:]))
