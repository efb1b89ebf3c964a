"""How the production server runs: `python -m gunicorn -c config/gunicorn.py config.wsgi`."""

import subprocess
import sys
from pathlib import Path

from gunicorn.arbiter import Arbiter

from config.env import BASE_DIR, read_environment

_env = read_environment()

chdir = str(BASE_DIR)
bind = f"{_env['BIND_ADDRESS']}:{_env['PORT']}"
workers = _env["WEB_WORKERS"]
# Threads suit requests that mostly wait for the database.
worker_class = "gthread"
threads = _env["WEB_THREADS"]
# Above the 60 seconds after which common load balancers drop an idle connection: were the server
# the first to close, a request already on its way would be lost.
keepalive = 75
# A worker that does not report for so long is replaced. Its threads do not count: a long export
# goes on while the worker reports.
timeout = 60
# Asked to stop, a worker finishes the requests it has, for so long at most.
graceful_timeout = 30
# Workers report by touching a file, which must never wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
# Its runtime interface is a socket in the home folder, which nobody here asked for.
control_socket_disable = True
# The proxy logs requests. `--access-logfile -` turns it on here.
accesslog = None
errorlog = "-"
loglevel = _env["LOG_LEVEL"].lower()

_watch: subprocess.Popen[bytes] | None = None
# It ends at once; a server that stops waits for nobody longer.
_WATCH_END_SECONDS = 5


def when_ready(server: Arbiter) -> None:
    """Start the process that seals what is recorded and finishes deletions that were cut off.

    Without it questions become slow, not wrong, and rows that nobody sees stay. It ends when its
    standard input closes, so it never outlives a server that was killed.
    """
    global _watch
    command = [sys.executable, "manage.py", "seal", "--watch", "--while-stdin-open"]
    _watch = subprocess.Popen(
        command,
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        # What it sealed is no news; what it could not is logged.
        stdout=subprocess.DEVNULL,
    )


def on_exit(server: Arbiter) -> None:
    """Stop the watch. It may be stopped at any point: what it sealed holds, the rest stays marked."""
    if _watch is not None:
        _watch.terminate()
        try:
            _watch.wait(timeout=_WATCH_END_SECONDS)
        except subprocess.TimeoutExpired:
            _watch.kill()
