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
# For the API; the admin has its own (config/server/thread_pools.py). More only wait for each other.
threads = env.number("WEB_THREADS", 3, least=1, most=64)
# Each may hold a file that is being read, too, and many systems give a process 1,024 descriptors.
worker_connections = 450
# A request is parsed, stored and answered within milliseconds; what takes longer hangs.
timeout = 30
graceful_timeout = 20
# Longer than the 60 seconds for which most load balancers keep an idle connection: a load balancer that sends a request
# on a connection that is being closed here answers its caller 502.
keepalive = env.number("KEEP_ALIVE", 75, least=1, most=3600)
max_requests = 0
# Which proxies are trusted, and with which headers, is TRUSTED_PROXIES alone (sms/services/intake/client_ip.py).
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# Access lines would hold the callback keys that stand in paths; our own log writes one line per event.
accesslog = None
errorlog = "-"
# It would lie in the home folder, which a container has not, and two web sides of one machine would share it.
control_socket_disable = True
_level = env.choice("LOG_LEVEL", "INFO", logs.LEVELS)
# gunicorn's own debug lines hold the path of each request, and the paths of webhooks hold tokens.
loglevel = "info" if _level == "DEBUG" else _level.lower()
logconfig_dict = logs.settings(level=_level, form=env.choice("LOG_FORMAT", "json", logs.FORMS))

# prometheus_client reads this name when it is imported, in each worker; its files there are added up at a scrape.
COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
OWN_FOLDER = "sms-desk-counters-"


def on_starting(server: Any) -> None:
    """A folder for the counters of all workers, one for each start: old counts would never go away."""
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
