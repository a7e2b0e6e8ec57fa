"""Which origins settings may name: what browsers send, and what is said of other texts."""

import pytest

from catalog.conf import ConfigurationError
from settings import configuration
from settings.sections import HttpConfig


@pytest.mark.parametrize(
    "text",
    [
        "https://horizon.example",
        "https://horizon.example:8443, http://localhost:3000",
        "http://127.0.0.1:8080,http://[::1]:3000",
        "https://xn--mnchen-3ya.example",
        "*",
    ],
)
def test_what_browsers_send_is_taken(text: str) -> None:
    found = configuration.load({"VITRINE_CORS_ORIGINS": text})[HttpConfig].cors_origins
    assert found == tuple(one.strip() for one in text.split(","))


def test_there_are_none_by_default() -> None:
    for environ in ({}, {"VITRINE_CORS_ORIGINS": ""}):
        assert configuration.load(environ)[HttpConfig].cors_origins == ()


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("https://horizon.example/", "https://horizon.example"),
        ("https://horizon.example/dashboard?a#b", "https://horizon.example"),
        ("https://Horizon.Example", "https://horizon.example"),
        ("HTTPS://horizon.example:443", "https://horizon.example"),
        ("http://horizon.example:80", "http://horizon.example"),
        ("https://user:secret@horizon.example", "https://horizon.example"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("horizon.example", "https://host or https://host:port"),
        ("ftp://horizon.example", "https://host or https://host:port"),
        ("https://*.example", "https://host or https://host:port"),
        ("https://horizon example", "https://host or https://host:port"),
        ("https://horizon.example:70000", "https://host or https://host:port"),
        ("https://", "https://host or https://host:port"),
        ("https://[::1", "https://host or https://host:port"),
        ("null", "https://host or https://host:port"),
    ],
)
def test_other_texts_end_the_start_with_one_line(text: str, right: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configuration.load({"VITRINE_CORS_ORIGINS": f"https://other.example,{text}"})
    assert caught.value.problems == (f"VITRINE_CORS_ORIGINS: {text!r} is no origin: write {right}",)
