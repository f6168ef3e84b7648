"""Encrypts stored secrets with the first key of FIELD_ENCRYPTION_KEYS, so that older keys can be removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models
from django.db.models.functions import Cast

from sms.models import EncryptedJSONField, UndecryptableError
from sms.models.encrypted import decrypt, is_under_first_key


@dataclass
class RotatedField:
    """The rows of one field; `lost` are the primary keys of those that no encryption key decrypts."""

    name: str
    changed: int = 0
    current: int = 0
    lost: list[object] = field(default_factory=list)


def rotate_secrets() -> list[RotatedField]:
    """Re-encrypt every row of every encrypted field, history included.

    One UPDATE per row, of that field only: it changes no time stamp, writes no history, and does not overwrite a
    value that staff save meanwhile.
    """
    return [_rotate(model, name) for model, name in _encrypted_fields()]


def _encrypted_fields() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for own in model._meta.concrete_fields:
            if isinstance(own, EncryptedJSONField):
                yield model, own.name


def _rotate(model: type[models.Model], name: str) -> RotatedField:
    done = RotatedField(f"{model._meta.label}.{name}")
    rows = model._base_manager.annotate(token=Cast(name, models.TextField()))  # as stored, not decrypted
    for key, token in rows.values_list("pk", "token").iterator(chunk_size=500):
        if is_under_first_key(token):
            done.current += 1
            continue
        try:
            value = decrypt(token)
        except UndecryptableError:
            done.lost.append(key)
            continue
        done.changed += rows.filter(pk=key, token=token).update(**{name: value})
    return done
