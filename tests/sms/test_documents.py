"""The documents for operators say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from sms.models import Provider
from sms.services.provisioning.apply import provision, read

ROOT = Path(settings.BASE_DIR)


@pytest.mark.django_db
def test_the_example_file_can_be_provisioned_as_it_stands():
    done = provision(read((ROOT / "shop.example.toml").read_bytes()))
    assert Provider.objects.count() == 3
    assert provision(read((ROOT / "shop.example.toml").read_bytes())).changes == []
    assert done.passwords.keys() == {"akinon"}


@pytest.mark.django_db
def test_the_demonstration_declares_what_its_simulators_know():
    shop = read((ROOT / "sms/management/demonstration/shop.toml").read_bytes())
    shop["partners"][0]["url"] = "https://partner.example"  # filled in at each start
    assert not provision(shop).issues
    assert all(provider.missing_credentials() == () for provider in map(Provider.adapter, Provider.objects.all()))


def test_every_setting_that_is_read_is_documented():
    read_names = re.findall(
        r'(?:env\.\w+|_required)\(\s*"([A-Z][A-Z0-9_]+)"',
        (ROOT / "config/settings.py").read_text() + (ROOT / "config/gunicorn.py").read_text().replace("'", '"'),
    )
    documented = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    assert len(read_names) > 20
    # ENV_FILE names the file itself; its comment at the top says so
    assert set(read_names) - {"ENV_FILE"} <= set(documented)
    assert len(documented) == len(set(documented))
