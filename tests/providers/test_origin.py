"""Which addresses are of the same server."""

from __future__ import annotations

import pytest

from providers.address import origin

BASE = "https://vendor.example/api"


@pytest.mark.parametrize(
    "url",
    [
        "https://vendor.example",
        "https://VENDOR.example/other?x=1",
        "HTTPS://vendor.example:443",
        "https://vendor.example./api",
    ],
)
def test_another_path_or_spelling_is_the_same_server(url: str) -> None:
    assert origin(url) == origin(BASE)


@pytest.mark.parametrize(
    "url",
    [
        "http://vendor.example/api",
        "https://vendor.example:8443/api",
        "http://vendor.example:443/api",
        "https://evil.example/vendor.example",
        "https://vendor.example.evil.example/api",
        "https://vendor.example@evil.example/api",
        "https://evil.example\\@vendor.example/api",
        "https://vendor.example:99999/api",
        "https://[::1]/api",
        "",
    ],
)
def test_another_scheme_port_or_host_is_another_server(url: str) -> None:
    assert origin(url) != origin(BASE)
