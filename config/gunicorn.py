"""How the production server runs: `python -m gunicorn -c config/gunicorn.py config.wsgi`."""

from pathlib import Path

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
