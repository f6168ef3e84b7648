"""Vendors that staff describe in TOML, instead of an adapter in code."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from providers.base import Sender
from providers.described import DescriptionError, load, run_examples
from providers.registry import is_taken, problems_in
from sms.domain.text import escaped, is_hidden
from sms.translation import translated

from .history import change_history
from .provider import Provider

LONGEST = 64 * 1024
MOST_PROBLEMS = 20
"""How many problems are shown at once."""


def validate_visible(text: str) -> None:
    """Raises ValidationError for a character that staff would not see, and so not review."""
    for number, line in enumerate(text.split("\n"), 1):
        if hidden := next(filter(is_hidden, line), None):
            words = _(
                "Line %(number)d has the hidden character %(character)s. Write it as an escape in quotation marks."
            )
            raise ValidationError(words, params={"number": number, "character": escaped(hidden)})


class VendorDescription(models.Model):
    """The description of one vendor. `slug` is the one in its text, and never changes."""

    slug = models.CharField(max_length=32, unique=True)
    text = models.TextField(
        _("description"),
        validators=[MaxLengthValidator(LONGEST), validate_visible],
        help_text=_("TOML, with examples of calls and answers. It is saved only if all of its examples pass."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = change_history()

    class Meta:
        ordering = ("slug",)
        verbose_name = _("vendor description")

    def __str__(self) -> str:
        return self.slug

    def clean(self) -> None:
        """A new row gets the slug of its text."""
        try:
            self._meta.get_field("text").clean(self.text, self)
        except ValidationError:
            return  # full_clean reports it
        adapter = loaded(self.text)
        self.slug = self.slug or adapter.slug
        if problems := [
            *self._slug_problems(adapter.slug),
            *self._secret_problems(adapter),
            *example_problems(adapter),
        ]:
            raise ValidationError({"text": problems[:MOST_PROBLEMS]})

    def _slug_problems(self, slug: str) -> Iterator[str]:
        if slug != self.slug:
            yield _(
                "The slug is %(slug)s and can't change to %(new)s. Describe the vendor anew under another slug."
            ) % {
                "slug": self.slug,
                "new": slug,
            }
        if is_taken(slug):
            yield _("There is another adapter %(slug)s. Choose another slug.") % {"slug": slug}
        if VendorDescription.objects.filter(slug=slug).exclude(pk=self.pk).exists():
            yield _("There is another description %(slug)s. Change that one, or choose another slug.") % {"slug": slug}

    def _secret_problems(self, adapter: type[Sender]) -> Iterator[str]:
        """A credential that was secret stays so: the form of an account shows the others, and calls are stored with
        them."""
        accounts = list(Provider.objects.filter(vendor=self.slug).values_list("slug", flat=True))
        earlier = VendorDescription.history.filter(slug=self.slug).values_list("text", flat=True) if accounts else ()
        secret = {key for text in earlier for key in secret_keys(text)}
        words = _(
            "The credential %(key)s was secret in an earlier version, and %(accounts)s may have stored it. Mark it "
            "with secret = true, or choose another key."
        )
        for key in (each.key for each in adapter.credentials if not each.secret and each.key in secret):
            yield words % {"key": key, "accounts": ", ".join(accounts)}


def secret_keys(text: str) -> set[str]:
    """The keys of the secret credentials in a stored text, also in one that can't be used any more."""
    try:
        declared = tomllib.loads(text).get("credentials", [])
        return {each["key"] for each in declared if each.get("secret") is True}
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
        return set()


def loaded(text: str) -> type[Sender]:
    """The adapter of a description. Raises ValidationError with each problem and its place."""
    try:
        return load(text)
    except DescriptionError as error:
        found = problems_in(error)[:MOST_PROBLEMS]
        raise ValidationError({"text": [translated(each) for each in found]}) from None


def example_problems(adapter: type[Sender]) -> Iterator[str]:
    words = _("The example “%(name)s” fails: expected %(expected)s, found %(found)s.")
    for each in run_examples(adapter):
        if not each.passed:
            yield words % {"name": each.name, "expected": each.expected, "found": each.found}
