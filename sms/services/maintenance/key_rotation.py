"""Brings stored secrets under the first key of FIELD_ENCRYPTION_KEYS, so that an older key may be taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models
from django.db.models.functions import Cast

from sms.models import EncryptedJSONField, UndecryptableError
from sms.models.encrypted import decrypt, is_under_first_key


@dataclass
class Rotated:
    """What became of one field's rows; `lost` are the keys of rows that no encryption key opens."""

    name: str
    changed: int = 0
    current: int = 0
    lost: list[object] = field(default_factory=list)


def rotate_secrets() -> list[Rotated]:
    """Re-encrypt every row of every encrypted field, history included.

    Row by row, each on its own, by an UPDATE of that field alone: no time stamp moves, no history is written, and a
    value that staff save meanwhile is left as they saved it.
    """
    return [_rotate(model, name) for model, name in _encrypted_fields()]


def _encrypted_fields() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for own in model._meta.concrete_fields:
            if isinstance(own, EncryptedJSONField):
                yield model, own.name


def _rotate(model: type[models.Model], name: str) -> Rotated:
    done = Rotated(f"{model._meta.label}.{name}")
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
