"""Runs the worker under Celery: beat sends a task without arguments every second, the only one in the broker."""

from celery import Celery

app = Celery("sms_desk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    beat_scheduler="celery.beat:Scheduler",  # it keeps no file: a lost task is sent again
    beat_schedule={"work": {"task": "sms.tasks.work", "schedule": 1.0, "options": {"expires": 1.0}}},
)


@app.task(name="sms.tasks.work")
def work() -> None:
    from sms.services.worker import engine, periodic  # imported here, when Django is set up

    engine.work(periodic.process_state(engine.DEFAULT_SLOTS), budget=10.0)
