"""gunicorn's settings: `gunicorn -c config/gunicorn.py config.wsgi`."""

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from config import environment, logs

env = environment.read()

bind = f"0.0.0.0:{env.number('PORT', 8000, least=1, most=65535)}"
workers = env.number("WEB_CONCURRENCY", 2, least=1)
worker_class = "config.server.worker.BufferingWorker"
# For the API; the admin has other threads (config/server/thread_pools.py). More threads do not raise throughput.
threads = env.number("WEB_THREADS", 3, least=1, most=64)
# Many systems limit a process to 1,024 file descriptors, and a connection may use a second one for a temporary file.
worker_connections = 450
# A request is processed within milliseconds, so a worker that does not respond for this time hangs.
timeout = 30
graceful_timeout = 20
# Longer than the 60 seconds for which most load balancers keep an idle connection. If one sends a request on a
# connection that is being closed here, its client gets a 502.
keepalive = env.number("KEEP_ALIVE", 75, least=1, most=3600)
max_requests = 0
# Only TRUSTED_PROXIES decides which proxies and headers are trusted (sms/services/intake/client_ip.py).
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# Access lines would contain the callback keys in paths. Our own log writes one line per event.
accesslog = None
errorlog = "-"
# It would be in the home folder, which containers lack and which two installations on one machine would share.
control_socket_disable = True
_level = env.choice("LOG_LEVEL", "INFO", logs.LEVELS)
# gunicorn's debug lines contain the path of each request, and the paths of webhooks contain tokens.
loglevel = "info" if _level == "DEBUG" else _level.lower()
logconfig_dict = logs.settings(level=_level, form=env.choice("LOG_FORMAT", "json", logs.FORMS))

# prometheus_client reads this name when each worker imports it. A scrape adds up the files in that folder.
COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
OWN_FOLDER = "sms-desk-counters-"


def on_starting(server: Any) -> None:
    """Create a folder for the counters of all workers. Each start has its own, because old files are never removed."""
    os.environ.setdefault(COUNTERS, tempfile.mkdtemp(prefix=OWN_FOLDER))


def post_worker_init(worker: Any) -> None:
    from django.apps import apps

    if not apps.ready:
        return  # benchmarks serve a bare application with these settings
    from sms.services.monitoring import alert_rules, prometheus

    prometheus.shared_folder = os.environ[COUNTERS]
    threading.Thread(target=alert_rules.watch_dispatchers, args=(threading.Event(),), daemon=True).start()


def on_exit(server: Any) -> None:
    folder = Path(os.environ[COUNTERS])
    if folder.name.startswith(OWN_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
