"""gunicorn's settings: `gunicorn -c config/gunicorn.py config.wsgi`."""

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from config import logs

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "config.worker.PatientWorker"
threads = 8
# A request is parsed, stored and answered within milliseconds; what takes longer hangs.
timeout = 30
graceful_timeout = 20
keepalive = 5
max_requests = 0
# Which proxies are trusted, and with which headers, is TRUSTED_PROXIES alone (sms/services/client_ip.py).
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# Access lines would hold the callback keys that stand in paths; our own log writes one line per event.
accesslog = None
errorlog = "-"
# It would lie in the home folder, which a container has not, and two web sides of one machine would share it.
control_socket_disable = True
logconfig_dict = logs.settings(
    level=os.environ.get("LOG_LEVEL", "INFO").upper(), form=os.environ.get("LOG_FORMAT", "json")
)

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
    from sms.services import gauges, lookout

    gauges.shared_folder = os.environ[COUNTERS]
    threading.Thread(target=lookout.mind_dispatchers, args=(threading.Event(),), daemon=True).start()


def on_exit(server: Any) -> None:
    folder = Path(os.environ[COUNTERS])
    if folder.name.startswith(OWN_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
