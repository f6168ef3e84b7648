"""How migrations give permissions to the roles. A migration that adds a model gives its permissions the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

VIEWER, OPERATOR, EDITOR, ADMINISTRATOR = "Viewer", "Operator", "Template editor", "Administrator"


def give(apps, permissions: Mapping[str, Iterable[str]]) -> None:
    """Make each role if it isn't there, and add these permissions (`app.codename`) to it."""
    from django.contrib.auth.management import create_permissions

    for app in ("sms", "auth"):
        config = apps.get_app_config(app)
        config.models_module = (
            getattr(config, "models_module", None) or True
        )  # a migration's own copy of an app has none
        create_permissions(config, verbosity=0, apps=apps)
    group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for role, names in permissions.items():
        group, _ = group_model.objects.get_or_create(name=role)
        for name in names:
            app, codename = name.split(".")
            group.permissions.add(permission_model.objects.get(content_type__app_label=app, codename=codename))
