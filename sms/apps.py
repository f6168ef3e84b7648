from django.apps import AppConfig


class SmsConfig(AppConfig):
    name = "sms"
    verbose_name = "SMS Desk"

    def ready(self) -> None:
        # models can't be imported before the app is ready
        from . import checks  # noqa: F401  # registers them
        from .field_names import translate_names
        from .signals import connect_signals

        connect_signals()
        translate_names(self)
