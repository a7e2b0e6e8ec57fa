"""Books: documents whose rows lie in memory, for tests of what moves them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from django.db import transaction
from typing_extensions import override

from catalog.actors import Actor
from catalog.indexing.documents import Document, DocumentSource, Field, FieldType
from catalog.outbox.deliveries import add_deliveries
from catalog.query import Everything, Expression, Term, any_of

BOOK, MAGAZINE = "OS::Test::Book", "OS::Test::Magazine"


class Books(DocumentSource):
    """`rows`: id → (version, body), body None for a deleted one. `spoilt`: ids that cannot be loaded."""

    resource_type = BOOK
    fields: tuple[Field, ...] = (
        Field("pages", FieldType.LONG),
        Field("secret", FieldType.KEYWORD, hidden=True),
    )  # type: ignore[misc] # tests change them

    def __init__(self) -> None:
        self.rows: dict[str, tuple[int, dict[str, Any] | None]] = {}
        self.spoilt: set[str] = set()
        self.loads: list[list[str]] = []

    @override
    def load(self, ids: Sequence[str]) -> Iterable[Document]:
        self.loads.append(list(ids))
        if self.spoilt & set(ids):
            raise ValueError("this row is spoilt")
        for one in ids:
            version, body = self.rows.get(one, (1 << 62, None))
            yield Document(one, version, body)

    @override
    def all_ids(self) -> Iterator[str]:
        return iter([one for one, (_, body) in self.rows.items() if body is not None])

    @override
    def rights(self, actor: Actor) -> Expression:
        if actor.is_admin:
            return Everything()
        return any_of(
            Term("visibility", "public"),
            Term("project_id", actor.project_id or ""),
            Term("members", actor.project_id or ""),
        )

    @override
    def present(self, body: dict[str, Any], actor: Actor) -> dict[str, Any]:
        return body if actor.is_admin else {k: v for k, v in body.items() if k != "description"}

    def write(self, id_: str, **body: Any) -> int:
        """A new state of the row, and the delivery of it; its version."""
        version = self.rows.get(id_, (0, None))[0] + 1
        whole = {
            "id": id_,
            "resource_type": self.resource_type,
            "name": id_,
            "visibility": "public",
            "project_id": "p1",
            "owner": "p1",
            **body,
        }
        self.rows[id_] = (version, whole)
        self.deliver(id_, project_id=whole["project_id"])
        return version

    def delete(self, id_: str) -> None:
        self.rows[id_] = (self.rows[id_][0] + 1, None)
        self.deliver(id_)

    def deliver(self, *ids: str, project_id: str | None = None) -> None:
        with transaction.atomic():
            add_deliveries(
                "search", self.resource_type, ids, projects=dict.fromkeys(ids, project_id)
            )


class Magazines(Books):
    resource_type = MAGAZINE
    fields: ClassVar[tuple[Field, ...]] = (Field("issue", FieldType.LONG, facet=True),)  # type: ignore[misc] # as above
