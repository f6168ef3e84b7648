"""The worker under Celery: beat sends an empty wish every second, and nothing else ever enters the broker."""

from celery import Celery

app = Celery("sms_desk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    beat_scheduler="celery.beat:Scheduler",  # it keeps no file: a wish that is lost comes again
    beat_schedule={"work": {"task": "sms.tasks.work", "schedule": 1.0, "options": {"expires": 1.0}}},
)


@app.task(name="sms.tasks.work")
def work() -> None:
    from sms.services.worker import engine  # here, because Django is set up by now

    engine.work(budget=10.0)
