"""The reference page names every path and every method, and no others."""

import re

from identity.api.v3 import urls
from tests.architecture import source

PAGE = source.ROOT / "docs" / "reference" / "identity.md"
ROW = re.compile(r"^\| `(/v3[^`]*)` \| ([A-Z ]+) \|", re.MULTILINE)
METHODS = ("get", "post", "put", "patch", "delete")


def test_every_path_is_told() -> None:
    served = {}
    for pattern in urls.urlpatterns:
        path = "/" + re.sub(r"<(?:str|name):(\w+)>", r"{\1}", str(pattern.pattern)).rstrip("/")
        if path.startswith("/v3"):
            view = pattern.callback.view_class
            served[path] = " ".join(m.upper() for m in METHODS if hasattr(view, m))
    told = dict(ROW.findall(PAGE.read_text(encoding="utf-8")))
    assert len(told) > 30
    assert told == served
