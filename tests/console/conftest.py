from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from django.test import Client
from typing_extensions import override

from artifacts.models import Artifact
from images.services import metadata
from metadefs.drafts import AssociationDraft, NamespaceDraft
from metadefs.services import namespaces
from search import engines, index_maintenance, relay
from tests.identity.factories import SYSTEM
from tests.support.identity import *  # noqa: F403 - the fixtures are for here
from tests.support.identity import actor_for, make_project, make_user


class Answer(HTMLParser):
    """A page taken apart: links and marked words by what a reader and the script find them by."""

    def __init__(self, response) -> None:
        super().__init__()
        self.status = response.status_code
        self.html = response.content.decode()
        self.links: dict[str, tuple[str, str]] = {}
        self.chosen: set[str] = set()
        self.headings: list[str] = []
        self.marked: list[str] = []
        self.tags: list[str] = []
        self._open: list[list[str]] = []
        self._keys: list[tuple[str, str] | None] = []
        self.feed(self.html)

    @property
    def text(self) -> str:
        return self._text

    @override
    def feed(self, data: str) -> None:
        self._text = ""
        super().feed(data)
        self._text = " ".join(self._text.split())

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        facts = dict(attrs)
        if tag in {"a", "h1", "h2", "mark"}:
            self._open.append([tag, "", facts.get("data-key") or "", facts.get("href") or ""])
            if "aria-current" in facts and facts.get("data-key"):
                self.chosen.add(str(facts["data-key"]))

    @override
    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            return
        _, text, key, href = self._open.pop()
        text = " ".join(text.split())
        if tag == "a" and key:
            self.links[key] = (href, text)
        if tag in {"h1", "h2"}:
            self.headings.append(text)
        if tag == "mark":
            self.marked.append(text)

    @override
    def handle_data(self, data: str) -> None:
        self._text += data
        for one in self._open:
            one[1] += data

    @property
    def assets(self) -> list[str]:
        """The names that were found, in order."""
        keys = [key for key in self.links if key.startswith("asset-")]
        return [self.links[key][1] for key in sorted(keys, key=lambda key: int(key[6:]))]

    def counts(self, facet: str) -> dict[str, int]:
        """Value → count of one facet."""
        found = {}
        for key, (_, text) in self.links.items():
            if key.startswith(f"{facet}="):
                number = text.removesuffix(", chosen; take it off").split()[-1]
                found[key.partition("=")[2]] = int(number.replace(",", ""))
        return found


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, name: str, *projects, roles=("member",)) -> None:
        self.user = make_user(name, projects[0] if projects else None, roles)
        self.actor = actor_for(self.user, projects[0] if projects else None)
        self.client = Client()
        self.client.force_login(self.user)

    @classmethod
    def of(cls, user, project) -> "Person":
        """Who is there already."""
        found = cls.__new__(cls)
        found.user, found.actor, found.client = user, actor_for(user, project), Client()
        found.client.force_login(user)
        return found

    def get(self, path: str = "/", fragment: bool = False, **parameters) -> Answer:
        headers = {"X-Fragment": "1"} if fragment else {}
        return Answer(self.client.get(path, parameters, headers=headers))

    def image(self, name: str | None = "image", *, active: bool = True, **fields) -> Artifact:
        """An image of theirs; `active` without any bytes."""
        document = {"name": name, "visibility": "private", **fields}
        row = metadata.create_image(document, actor=self.actor)
        if active:
            Artifact.objects.filter(pk=row.pk).update(status="active")
        return Artifact.objects.get(pk=row.pk)


@pytest.fixture
def index(db: None) -> Iterator[Callable[[], None]]:
    """An empty index of this test's own; call it to let everything written so far be found."""
    engine = engines.current()
    engine.drop()
    index_maintenance.ensure()

    def settle() -> None:
        relay.drain()
        engine.refresh()

    yield settle
    engine.drop()


@pytest.fixture
def ours(db: None):
    return make_project("ours")


@pytest.fixture
def theirs(db: None):
    return make_project("theirs")


@pytest.fixture
def ada(ours) -> Person:
    return Person("ada", ours)


@pytest.fixture
def bob(theirs) -> Person:
    return Person("bob", theirs)


@pytest.fixture
def namespace(db: None) -> Callable[[dict], None]:
    """Declares properties of images, in a namespace that only warns."""

    def declare(properties: dict, **fields) -> None:
        association = AssociationDraft(
            name="OS::Glance::Image", prefix="", properties_target=None, mode="warn", strict=False
        )
        draft = NamespaceDraft(
            namespace=fields.get("namespace", "Site::Rules"),
            display_name="Rules",
            description="",
            visibility=fields.get("visibility", "public"),
            protected=False,
            owner=fields.get("owner"),
            associations=(association,),
            properties=properties,
            objects=(),
            tags=(),
        )
        namespaces.create(draft, actor=SYSTEM)

    return declare
