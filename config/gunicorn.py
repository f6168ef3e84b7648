"""gunicorn's settings: `gunicorn -c config/gunicorn.py config.wsgi`."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "config.worker.PatientWorker"
threads = 8
# A request is parsed, stored and answered within milliseconds; what takes longer hangs.
timeout = 30
graceful_timeout = 20
keepalive = 5
max_requests = 0
# Access lines would hold the callback keys that stand in paths; our own log writes one line per event.
accesslog = None
errorlog = "-"
