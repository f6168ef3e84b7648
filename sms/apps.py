from django.apps import AppConfig


class SmsConfig(AppConfig):
    name = "sms"
    verbose_name = "SMS Desk"

    def ready(self) -> None:
        from .models.watch import watch  # models can't be imported before the app is ready

        watch()
