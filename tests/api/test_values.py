"""A body holds so many values and no more, however short they are; what stands within texts is none."""

import orjson
import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from catalog.api import views
from catalog.errors import InvalidBody, TooLarge


def read(body: bytes) -> object:
    asked = RequestFactory().post("/", body, content_type="application/json")
    return views.json_body(Request(asked))


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_VALUES", 5)


@pytest.mark.parametrize(
    "body",
    [
        b"[1,2,3,4,5]",
        b'{"a":1,"b":2,"c":[3,4,5]}',
        b'[",,,,,,,,,,", "\\",,,,,,\\\\", ",,,,"]',
        b'{"a,,,,,,,,":",,,,"}',
        b'{"a":"1","b":"2","c":"3","d":"4","e":"5"}',
        b'["' + b'\\"' * 40 + b'","' + b"\\\\" * 40 + b'"]',
    ],
)
def test_what_is_within(body: bytes) -> None:
    assert read(body) == orjson.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[1,2,3,4,5,6]",
        b'{"a":1,"b":2,"c":[3,4,5,6]}',
        b'["\\\\",2,3,4,5,6]',
        b"[[],[],[],[],[],[]]",
        b"[1,2,3,4,5,6",
        b'{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6"}',
        b'{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":{"j":{"k":1}}}}}}}}}}}',
    ],
)
def test_what_is_not(body: bytes) -> None:
    with pytest.raises(TooLarge, match="more than 5 values"):
        read(body)


@pytest.mark.parametrize("body", [b'",,,,,,,,', b'{"a":",,,,,,,\\', b'[",,,,,,"'])
def test_what_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises(InvalidBody):
        read(body)
