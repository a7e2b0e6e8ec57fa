"""Images of Glance that share one file share its bytes here too: these go with the last of them, whatever came between."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.models import Artifact, Location, StoredObject
from artifacts.services import deletion
from catalog.actors import system_actor
from images.artifact_type import IMAGES
from images.takeover.source import GlanceDatabase
from tests.support import stores
from tests.takeover.test_mapping import ROW

pytestmark = pytest.mark.django_db(transaction=True)

COLUMNS = {
    "images": list(ROW),
    "image_properties": "id image_id name value deleted".split(),
    "image_tags": "id image_id value deleted".split(),
    "image_members": "id image_id member status deleted created_at updated_at".split(),
    "image_locations": "id image_id value meta_data status deleted".split(),
    "metadef_namespaces": ["id"],
    "metadef_resource_types": ["id"],
    "metadef_namespace_resource_types": ["id"],
    "metadef_properties": ["id"],
    "metadef_objects": ["id"],
    "metadef_tags": ["id"],
}
BOOLEANS = {"deleted", "protected", "os_hidden"}
TIMES = {"created_at", "updated_at", "deleted_at"}
NUMBERS = {"size", "min_disk", "min_ram", "virtual_size"}


class Glance:
    """A database with the columns that are read, a folder with files, and a store of ours that reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        self.url = f"sqlite:///{folder / 'glance.sqlite'}"
        self._engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        self._metadata = sa.MetaData()
        for name, columns in COLUMNS.items():
            key = sa.Text if name == "images" else sa.Integer
            sa.Table(name, self._metadata, *(_column(one, key) for one in columns))
        self._metadata.create_all(self._engine)

    def add(self, number: int, *names: str, address: str = "file://{folder}/{name}") -> str:
        """An active image whose data lies in the files of these names; its id."""
        image_id = f"00000000-0000-4000-8000-{number:012x}"
        row = {**ROW, "id": image_id, "name": "x", "status": "active", "size": 5, "deleted": False}
        self._insert("images", row)
        for name in names:
            (self.folder / name).write_bytes(b"bytes")
            place = {"image_id": image_id, "meta_data": "{}", "status": "active", "deleted": False}
            value = address.format(folder=self.folder, name=name)
            self._insert("image_locations", {"value": value, **place})
        return image_id

    def take(self, batch: int) -> str:
        out = StringIO()
        call_command("takeover_glance", database=self.url, batch=batch, stdout=out)
        return out.getvalue()

    def files(self) -> set[str]:
        return {one.name for one in self.folder.iterdir() if one.is_file()}

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(self._metadata.tables[table].insert().values(row))


def _column(name: str, key: Any) -> sa.Column[Any]:
    if name == "id":
        return sa.Column("id", key, primary_key=True)
    if name in BOOLEANS:
        return sa.Column(name, sa.Boolean)
    if name in TIMES:
        return sa.Column(name, sa.DateTime, default=ROW["created_at"])
    return sa.Column(name, sa.Integer if name in NUMBERS else sa.Text)


@pytest.fixture
def glance(tmp_path: Path) -> Iterator[Glance]:
    found = Glance(tmp_path)
    options = {"root": str(found.folder), "layout": "flat"}
    backends = {**stores.backends(tmp_path), "glance": {"backend": "file", "options": options}}
    with stores.configured(default="fast", backends=backends):
        yield found


def purge(image_id: str) -> None:
    actor = system_actor("test")
    deletion.delete(image_id, kind=IMAGES, actor=actor, purge=True)


def counted() -> dict[str, tuple[int, int]]:
    """By the file's name: the references that are counted, and those that there are."""
    return {
        one.key: (one.references, Location.objects.filter(stored_object=one).count())
        for one in StoredObject.objects.all()
    }


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_a_shared_file_goes_with_the_last_image_that_has_it(glance: Glance, batch: int) -> None:
    first, second = glance.add(1, "shared"), glance.add(3, "shared")
    other = glance.add(2, "own")
    assert "3 files adopted, 3 images, 0 members, 0 there already" in glance.take(batch)
    assert counted() == {"shared": (2, 2), "own": (1, 1)}
    purge(first)
    assert glance.files() == {"shared", "own"}
    assert "3 there already" in glance.take(batch), "a second run changes nothing"
    assert counted() == {"shared": (1, 1), "own": (1, 1)}
    third = glance.add(4, "shared")
    assert "1 files adopted" in glance.take(batch), "and adds what came meanwhile"
    assert counted() == {"shared": (2, 2), "own": (1, 1)}
    purge(second)
    purge(other)
    assert glance.files() == {"shared"}
    purge(third)
    assert glance.files() == set()
    assert counted() == {}


@pytest.mark.parametrize(
    "address",
    [
        "file://{folder}//{name}",
        "file://{folder}/./{name}",
        "file://{folder}/%73hared",
        "filesystem://{folder}/{name}",
        "FILE://{folder}/{name}",
    ],
)
def test_one_file_has_many_addresses(
    glance: Glance, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Its images come together, so that none can be purged while another is still to come."""
    first = glance.add(1, "shared")
    glance.add(2, "own")
    last = glance.add(3, "shared", address=address)
    progress = "images.management.commands.takeover_glance.Command._progress"
    monkeypatch.setattr(progress, lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        glance.take(1)
    assert set(Artifact.objects.values_list("pk", flat=True)) == {first, last}
    assert counted() == {"shared": (2, 2)}
    purge(first)
    assert "shared" in glance.files()


def test_companions_are_fetched_in_parts(glance: Glance, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many share a file: no statement has more parameters than databases take."""
    monkeypatch.setattr("images.takeover.source.AT_ONCE", 5)
    count = 12
    for number in range(1, count + 1):
        glance.add(number, "shared")
    most = 0

    def counting(*event: Any) -> None:
        nonlocal most
        most = max(most, len(event[3]))

    source = GlanceDatabase(glance.url)
    sa.event.listen(sa.Engine, "before_cursor_execute", counting)
    try:
        pages = list(source.pages(1))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", counting)
    assert [len(one) for one in pages] == [count]
    assert all(len(one.locations) == 1 for one in pages[0])
    assert 0 < most <= 5


def test_an_image_that_names_a_file_twice_lets_go_of_it_twice(glance: Glance) -> None:
    one, other = glance.add(1, "same", "same"), glance.add(2, "same")
    glance.take(1)
    assert counted() == {"same": (3, 3)}
    purge(one)
    assert counted() == {"same": (1, 1)}
    purge(other)
    assert glance.files() == set()


def test_a_run_that_ends_early_leaves_no_file_with_half_of_its_images(
    glance: Glance, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = glance.add(1, "shared")
    glance.add(2, "own")
    last = glance.add(3, "shared", "more")
    latest = glance.add(4, "more")
    progress = "images.management.commands.takeover_glance.Command._progress"
    monkeypatch.setattr(progress, lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        glance.take(1)
    monkeypatch.undo()
    assert set(Artifact.objects.values_list("pk", flat=True)) == {first, last, latest}
    purge(first)
    assert "shared" in glance.files()
    glance.take(1)
    assert counted() == {"shared": (1, 1), "own": (1, 1), "more": (2, 2)}


def test_a_file_that_is_being_deleted_is_not_taken_for_one_that_is_there(glance: Glance) -> None:
    first = glance.add(1, "shared")
    glance.take(1)
    Location.objects.filter(blob__artifact=first).delete()
    StoredObject.objects.update(references=0, state="deleting")
    second = glance.add(2, "shared", "other")
    assert "its file shared was let go of here" in glance.take(1)
    assert counted() == {"shared": (0, 0), "other": (1, 1)}
    assert Artifact.objects.get(pk=second).fields["stores"] == ["glance"]


Step = st.one_of(
    st.tuples(st.just("add"), st.lists(st.sampled_from("abc"), min_size=1, max_size=3)),
    st.tuples(st.just("take"), st.sampled_from([1, 2, 500])),
    st.tuples(st.just("purge"), st.integers(0, 20)),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(Step, min_size=3, max_size=12))
def test_bytes_are_there_as_long_as_one_image_has_them(
    steps: list[tuple[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    Location.objects.all().delete()
    StoredObject.objects.all().delete()
    Artifact.objects.all().delete()
    folder = tmp_path_factory.mktemp("glance")
    found, images = Glance(folder), dict[str, set[str]]()
    backends = {
        **stores.backends(folder),
        "glance": {"backend": "file", "options": {"root": str(found.folder), "layout": "flat"}},
    }
    taken: list[str] = []
    with stores.configured(default="fast", backends=backends):
        for kind, value in [*steps, ("take", 2)]:
            if kind == "add":
                image_id = found.add(len(images) + 1, *value)
                images[image_id] = set(value)
            elif kind == "take":
                found.take(value)
                taken = [one for one in images if Artifact.objects.filter(pk=one, deleted_at=None)]
            elif taken:  # what nobody has heard of cannot be kept
                found.take(1)
                taken = [one for one in images if Artifact.objects.filter(pk=one, deleted_at=None)]
                gone = taken.pop(value % len(taken))
                purge(gone)
            assert all(have == are for have, are in counted().values())
            assert {name for one in taken for name in images[one]} <= found.files()
