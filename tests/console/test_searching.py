"""The search: text, facets that combine and come off, order, pages, rights, and names that are code."""

from urllib.parse import parse_qs, urlsplit

import pytest

from console import words
from console.highlights import BEGIN, END, marked
from images.services import members, states
from search import engines, index_maintenance, selectors
from search.parsing import bodies
from tests.console.conftest import Answer, Person
from tests.images.test_protections import Protect, everybody, protect
from tests.support.identity import make_admin

__all__ = ["protect"]
pytestmark = pytest.mark.django_db
CODE = '<script>alert("x")</script>'


def follow(person: Person, page: Answer, key: str) -> Answer:
    return person.get(page.links[key][0])


def test_words_are_found_in_names_tags_descriptions_and_properties(ada: Person, index) -> None:
    ada.image("Debian 12")
    ada.image("two", tags=["debian"])
    ada.image("three", description="made from Debian packages")
    ada.image("four", os_distro="debian")
    ada.image("five")
    index()
    page = ada.get(q="debian")
    assert set(page.assets) == {"Debian 12", "two", "three", "four"}
    assert [word.lower() for word in page.marked].count("debian") >= 4
    assert "os_distro: debian" in page.text


def test_the_last_word_may_be_unfinished(ada: Person, index) -> None:
    ada.image("Debian bookworm")
    ada.image("Debian trixie")
    index()
    assert ada.get(q="debian book").assets == ["Debian bookworm"]
    assert ada.get(q="book debian").assets == []


@pytest.mark.parametrize(
    "text",
    [
        "valid:false", "size:>100000000", "size:[1 TO 1000] AND status:active", "os_distro:ubuntu AND tags:golden",
        "os_distro:ubuntu && tags:golden", "debian OR ubuntu", "+ubuntu -golden", "NOT ubuntu", "!debian",
        "ubuntu tags:golden", "os_distro:ub*", "*buntu", '"server 24"', "_exists_:hw_cores", "hw_cores:[2 TO 8]",
        "golden AND hw_cores:[2 TO 8]", "name.raw:Debian", "tags:(golden OR silver)", "*:*", "status:queued",
        "os_hidden:true", "visibility:community", "created_at:[now-1d TO now]", "(debian OR ubuntu) AND NOT silver",
    ],
)  # fmt: skip
def test_the_box_speaks_the_language_of_query_strings(
    ada: Person, bob: Person, index, namespace, text: str
) -> None:
    """It finds what Search v1 finds for the same actor, the same number and the same things."""
    rules = {"os_distro": {"title": "d", "type": "string", "enum": ["debian", "ubuntu"]}}
    namespace(rules | {"hw_cores": {"title": "c", "type": "integer"}})
    engines.current().drop()
    index_maintenance.ensure()
    ada.image("Ubuntu server 24", os_distro="ubuntu", tags=["golden"], hw_cores="4")
    ada.image("Debian", os_distro="debian", tags=["silver"], hw_cores="16", active=False)
    ada.image("odd", os_distro="cp/m")
    ada.image("hidden", os_hidden=True, visibility="community")
    ada.image("Ubuntu plain")
    bob.image("Ubuntu of bob", os_distro="ubuntu", tags=["golden"])
    bob.image("Given by bob", visibility="community")
    for name, size in (("small", 500), ("large", 200_000_000)):
        row = ada.image(name)
        type(row).objects.filter(pk=row.pk).update(size=size)
    index()
    body = {"query": {"query_string": {"query": text}}}
    wanted = selectors.search(ada.actor, bodies.parse(selectors.live_schema(), body))
    page = ada.get(q=text)
    assert page.status == 200
    assert sorted(page.assets) == sorted(hit.body["name"] for hit in wanted.hits)
    assert wanted.total


@pytest.mark.parametrize("fragment", [True, False])
@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("debian AND", "missing here", "…"),
        ("name:(a OR b", "a parenthesis is not closed", "…"),
        ('say "hello', "a quotation mark is not closed", '"hello'),
        ("a ] b", "a range is written", "] b"),
        ("debian~2", "Fuzzy words", "~2"),
    ],
)
def test_a_syntax_error_is_told_as_one_with_its_place(
    ada: Person, index, text: str, said: str, place: str, fragment: bool
) -> None:
    ada.image(text)
    index()
    page = ada.get(q=text, fragment=fragment)
    assert page.status == 400
    assert "This search cannot be read" in page.text
    assert said in page.text
    assert page.marked == [place]
    assert ada.get(page.links["phrase"][0]).assets == [text]


def test_a_misspelt_field_is_named(ada: Person, index) -> None:
    ada.image("a")
    index()
    page = ada.get(q="stauts:active")
    assert page.status == 400
    assert "There is no field stauts; status may be meant" in page.text


@pytest.mark.parametrize("field", ["checksum", "os_hash_value"])
def test_a_checksum_is_found_when_it_is_typed_whole(ada: Person, bob: Person, index, field) -> None:
    digest = "d41d8cd98f00b204e9800998ecf8427e" * (4 if field == "os_hash_value" else 1)
    row = ada.image("summed")
    type(row).objects.filter(pk=row.pk).update(fields={**row.fields, field: digest})
    ada.image("other")
    index()
    assert ada.get(q=digest).assets == ["summed"]
    assert ada.get(q=f"{digest} AND status:{row.status}").assets == ["summed"]
    assert ada.get(q=f"{digest} AND -status:{row.status}").assets == []
    assert ada.get(q=digest.upper()).assets == ["summed"]
    assert ada.get(q=f"{digest} summed").assets == ["summed"]
    assert ada.get(q=f"{field}:{digest}").assets == ["summed"]
    assert ada.get(q=digest[:-1]).assets == []
    assert bob.get(q=digest).assets == []


def test_near_words_are_suggested_when_nothing_is_found(ada: Person, bob: Person, index) -> None:
    ada.image("Ubuntu Jammy")
    bob.image("Zephyr")
    index()
    page = ada.get(q="ubunut jamy")
    assert page.assets == []
    assert "Did you mean ubuntu jammy?" in page.text
    assert ada.get(page.links["meant"][0]).assets == ["Ubuntu Jammy"]
    assert "Did you mean" not in ada.get(q="zephyrr").text


def test_a_facet_says_how_many_values_it_does_not_show(ada: Person, index) -> None:
    for number in range(60):
        ada.image(f"image {number}", tags=[f"t{number:02}", "many"])
    index()
    page = ada.get()
    counts = page.counts("tags")
    assert len(counts) == 50
    assert counts["many"] == 60
    assert "55 more" in page.text
    assert "11 others are found by typing: tags:…" in page.text
    page = ada.get(tags="t59")
    assert page.counts("tags")["t59"] == 1
    assert "54 more" in page.text


def test_properties_to_narrow_by_are_of_all_that_is_found(ada: Person, index, namespace) -> None:
    namespace({"os_distro": {"title": "d", "type": "string"}})
    for number in range(25):
        ada.image(f"b{number:02}")
    for number in range(3):
        ada.image(f"c{number}", os_distro="ubuntu" if number else "debian")
    index()
    for page in (1, 2):
        assert ada.get(sort="name", page=page).counts("p.os_distro") == {"ubuntu": 2, "debian": 1}


def test_properties_that_are_kept_are_no_facet(
    ada: Person, index, namespace, protect: Protect
) -> None:
    namespace({"platypus": {"title": "d", "type": "string"}})
    ada.image("a", platypus="x")
    ada.image("b", platypus="y")
    index()
    assert ada.get().counts("p.platypus") == {"x": 1, "y": 1}
    protect(everybody("platypus").replace("read = @", "read = !") + everybody(".*"))
    engines.current().drop()
    index_maintenance.ensure()
    index()
    page = ada.get()
    assert len(page.assets) == 2
    assert "platypus" not in page.html


def test_the_script_gets_the_parts_that_change_and_nothing_else(ada: Person, index) -> None:
    ada.image("one")
    index()
    whole, parts = ada.get(q="one"), ada.get(q="one", fragment=True)
    assert whole.assets == parts.assets == ["one"]
    assert "<html" in whole.html
    assert "<html" not in parts.html
    assert 'id="facets"' in parts.html
    assert 'id="found"' in parts.html


def test_facets_count_combine_and_come_off_again(ada: Person, index) -> None:
    ada.image("a", disk_format="qcow2", container_format="bare", tags=["lts"])
    ada.image("b", disk_format="raw", container_format="bare", tags=["lts"])
    ada.image("c", disk_format="raw", container_format="bare", active=False)
    ada.image("d", disk_format="iso", container_format="bare")
    index()
    page = ada.get()
    assert page.counts("disk_format") == {"raw": 2, "iso": 1, "qcow2": 1}
    assert page.counts("status") == {"active": 3, "queued": 1}
    page = follow(ada, page, "disk_format=raw")
    assert set(page.assets) == {"b", "c"}
    assert page.chosen >= {"disk_format=raw"}
    assert page.counts("disk_format") == {"raw": 2, "iso": 1, "qcow2": 1}
    assert page.counts("status") == {"active": 1, "queued": 1}
    page = follow(ada, page, "disk_format=qcow2")
    assert set(page.assets) == {"a", "b", "c"}
    page = follow(ada, page, "tags=lts")
    assert set(page.assets) == {"a", "b"}
    page = follow(ada, page, "disk_format=raw")
    assert page.assets == ["a"]
    page = follow(ada, page, "chip-all")
    assert len(page.assets) == 4


def test_declared_properties_are_facets(ada: Person, index, namespace) -> None:
    namespace(
        {"os_distro": {"title": "d", "type": "string"}, "cores": {"title": "c", "type": "integer"}}
    )
    engines.current().drop()
    index_maintenance.ensure()
    ada.image("a", os_distro="debian", cores="4", undeclared="x")
    ada.image("b", os_distro="ubuntu", cores="4", undeclared="y")
    ada.image("c", os_distro="ubuntu", cores="8")
    index()
    page = ada.get()
    assert page.counts("p.os_distro") == {"ubuntu": 2, "debian": 1}
    assert page.counts("p.cores") == {"4": 2, "8": 1}
    assert page.counts("p.undeclared") == {}
    page = follow(ada, follow(ada, page, "p.os_distro=ubuntu"), "p.cores=8")
    assert page.assets == ["c"]
    assert ada.get(**{"p.undeclared": "y"}).assets == ["b"]


def test_rule_breakers_are_found(ada: Person, index, namespace) -> None:
    namespace({"os_distro": {"title": "d", "type": "string", "enum": ["debian"]}})
    ada.image("good", os_distro="debian")
    ada.image("bad", os_distro="cp/m")
    index()
    page = ada.get(valid="false")
    assert page.assets == ["bad"]
    assert "1 property breaks a rule" in page.text
    assert ada.get(valid="true").assets == ["good"]


def test_orders(ada: Person, index) -> None:
    for name, size in (("b", 1), ("a", 3), ("c", 2)):
        row = ada.image(name)
        type(row).objects.filter(pk=row.pk).update(size=size)
    index()
    page = ada.get()
    assert page.assets == ["c", "a", "b"]
    assert ada.get(sort="name").assets == ["a", "b", "c"]
    assert ada.get(sort="largest").assets == ["a", "c", "b"]
    assert "order-1" in page.chosen or "order-2" in page.chosen


def test_pages_hold_everything_once(ada: Person, index) -> None:
    names = [f"image {number:02}" for number in range(45)]
    for name in names:
        ada.image(name, tags=["many"])
    index()
    page, seen = ada.get(sort="name", tags="many"), []
    while True:
        seen += page.assets
        if "after" not in page.links:
            break
        page = follow(ada, page, "after")
    assert seen == names
    assert "Page 3 of 3" in page.text
    query = parse_qs(urlsplit(page.links["before"][0]).query)
    assert query == {"tags": ["many"], "sort": ["name"], "page": ["2"]}
    assert "This page is empty" in ada.get(tags="many", page=9).text


def test_without_the_script_the_form_keeps_what_is_chosen(ada: Person, index) -> None:
    ada.image("one", tags=["a&b"])
    index()
    page = ada.get(tags="a&b", sort="name")
    assert '<input type="hidden" form="search" name="tags" value="a&amp;b">' in page.html
    assert '<input type="hidden" form="search" name="sort" value="name">' in page.html


def test_nothing_of_another_project_is_seen(ada: Person, bob: Person, index, ours) -> None:
    ada.image("secret plan", tags=["confidential"])
    ada.image("common", visibility="community", tags=["confidential"])
    shared = ada.image("lent", visibility="shared", tags=["confidential"])
    index()
    for query in ({}, {"q": "secret"}, {"tags": "confidential"}):
        page = bob.get(**query)
        assert page.assets == []
        assert "secret plan" not in page.html
        assert page.counts("tags") in ({}, {"confidential": 0})
    members.answer(
        shared,
        members.add_member(shared, bob.actor.project_id, actor=ada.actor),
        "accepted",
        actor=bob.actor,
    )
    index()
    assert bob.get(q="confidential").assets == ["lent"]
    assert bob.get(q="confidential").counts("visibility") == {}
    assert set(ada.get(q="confidential").assets) == {"secret plan", "common", "lent"}


def test_what_was_deleted_is_gone(ada: Person, index) -> None:
    row = ada.image("one")
    index()
    assert ada.get().assets == ["one"]
    states.delete_image(row.pk, actor=ada.actor)
    index()
    page = ada.get()
    assert page.assets == []
    assert "Nothing is here yet" in page.text


@pytest.mark.parametrize("query", [{}, {"q": "script"}, {"q": "alert"}, {"tags": CODE}])
def test_names_that_are_code_are_text(ada: Person, index, query: dict[str, str]) -> None:
    ada.image(CODE, tags=[CODE], description=CODE, os_distro=CODE)
    index()
    page = ada.get(**query)
    assert page.assets == [CODE]
    assert page.tags.count("script") == 1
    assert "<script>alert" not in page.html
    if "q" in query:
        assert query["q"] in page.marked


def test_what_is_typed_is_text(ada: Person, index) -> None:
    page = ada.get(q=f'">{CODE}')
    assert page.status == 400
    assert page.tags.count("script") == 1
    assert CODE in page.text
    page = ada.get(q=CODE.replace('"', ""))
    assert page.tags.count("script") == 1


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        (f"a {BEGIN}b{END} c", "a <mark>b</mark> c"),
        (f"{BEGIN}<b>{END}&", "<mark>&lt;b&gt;</mark>&amp;"),
        (f"{BEGIN}never ended", "<mark>never ended</mark>"),
        (f"{END}a{BEGIN}b{BEGIN}c{END}d{END}", "a<mark>b</mark><mark>c</mark>d"),
    ],
)
def test_marks_are_balanced_and_the_text_is_escaped(text: str, html: str) -> None:
    assert marked(text) == html


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"nonsense": "1"}, "no filter named “nonsense”"),
        ({"p.": "1"}, "no filter named “p.”"),
        ({"members": "1"}, "no filter named “members”"),
        ({"sort": "size"}, "no order named “size”"),
        ({"page": "0"}, "Pages are numbered from 1 to 500"),
        ({"page": "501"}, "Pages are numbered from 1 to 500"),
        ({"page": "²"}, "Pages are numbered from 1 to 500"),
        ({"q": "x" * 501}, "longer than 500 characters"),
        ({"q": "a\x00"}, "a character that no text can have"),
        ({"tags": "t" * 256}, "too long"),
        ({"tags": [str(n) for n in range(51)]}, "too many filters"),
    ],
)
@pytest.mark.parametrize("fragment", [True, False])
def test_what_cannot_be_asked_is_refused_in_words(
    ada: Person, index, query, said, fragment
) -> None:
    page = ada.get(fragment=fragment, **query)
    assert page.status == 400
    assert said in page.text


@pytest.mark.parametrize(
    "text", ["*", "(", '"', "a:b", "os_distro:", "AND", "…", "x " * 200, "\ue000"]
)
def test_whatever_is_typed_has_an_answer(ada: Person, index, text: str) -> None:
    ada.image("one")
    index()
    assert ada.get(q=text).status in {200, 400}


def test_when_search_is_away_it_is_said(ada: Person, index) -> None:
    engines.current().drop()
    page = ada.get(q="x", fragment=True)
    assert page.status == 503
    assert "Search does not answer right now" in page.text


def test_operators_see_all_and_find_the_admin(index, ada: Person) -> None:
    ada.image("of ada")
    index()
    user, project = make_admin()
    page = Person.of(user, project).get(all_projects="true")
    assert page.assets == ["of ada"]
    assert 'href="/admin/"' in page.html
    assert project.name in page.text


def test_a_page_of_hits_costs_what_an_empty_one_does(
    ada: Person, index, django_assert_max_num_queries
) -> None:
    for number in range(20):
        ada.image(f"image {number}", tags=["a", "b"], os_distro="debian")
    index()
    ada.get()
    with django_assert_max_num_queries(10):
        assert len(ada.get(q="image", tags="a").assets) == 20


def test_hidden_and_community_images_are_found_when_they_are_asked_for(
    index, ada: Person, bob: Person
) -> None:
    ada.image("plain", visibility="community")
    ada.image("old", visibility="community", os_hidden=True)
    bob.image("own", visibility="private")
    bob.image("own old", visibility="private", os_hidden=True)
    index()
    page = bob.get(sort="name")
    assert page.assets == ["own"]
    community = follow(bob, page, "switch-community")
    assert community.assets == ["own", "plain"]
    assert community.counts("visibility") == {"private": 1, "community": 1}
    both = follow(bob, community, "switch-os_hidden")
    assert both.assets == ["old", "own", "own old", "plain"]
    assert both.text.count("· hidden") == 2
    assert follow(bob, both, "chip-2").assets == ["own", "plain"]
    assert bob.get(os_hidden="true").assets == ["own old"]
    for asked in ({"os_hidden": "maybe"}, {"community": "no"}, {"all_projects": "1"}):
        assert bob.get(**asked).status == 400


def test_a_facet_is_counted_over_what_the_whole_question_finds(
    index, ada: Person, bob: Person
) -> None:
    ada.image("a", visibility="community", disk_format="raw", container_format="bare")
    bob.image("b", visibility="private", disk_format="iso", container_format="bare")
    index()
    page = bob.get(visibility="community")
    assert page.assets == ["a"]
    assert page.counts("visibility") == {"community": 1, "private": 1}
    wider = follow(bob, page, "visibility=private")
    assert set(wider.assets) == {"a", "b"}


def test_all_projects_are_for_administrators(index, ada: Person, bob: Person) -> None:
    ada.image("hers")
    index()
    root = Person.of(*make_admin())
    page = root.get()
    assert page.assets == []
    everything = follow(root, page, "switch-all_projects")
    assert everything.assets == ["hers"]
    assert root.get(everything.links["asset-1"][0]).headings[0] == "hers"
    assert "switch-all_projects" not in bob.get().links
    other = bob.get(all_projects="true")
    assert (other.status, other.assets, other.links.get("chip-1")) == (200, [], None)


def test_rows_tell_images_of_one_name_apart(ada: Person, bob: Person, index) -> None:
    one = ada.image("web", os_distro="debian", os_version="12", architecture="aarch64")
    ada.image("web", os_distro="ubuntu", os_version="24.04", hw_architecture="x86_64")
    bob.image("of bob", visibility="community")
    index()
    page = ada.get(q="web", community="true")
    assert "debian 12" in page.text
    assert "aarch64" in page.text
    assert "ubuntu 24.04" in page.text
    assert "x86_64" in page.text
    assert one.pk in page.text
    assert "Owner: ours" in page.text
    assert ada.get(q=one.pk[:8]).marked == [one.pk]
    others = ada.get(q="of bob", community="true")
    assert f"Owner: {bob.actor.project_id}" in others.text, "whose name is not for everybody"
    assert "theirs" not in others.html
    root = Person.of(*make_admin())
    assert "Owner: theirs" in root.get(q="of bob", community="true").text


def test_filters_are_cleared_and_pages_turned_by_their_names(ada: Person, index) -> None:
    for number in range(21):
        ada.image(f"image {number}", tags=["a"])
    index()
    page = ada.get(tags="a")
    assert page.links["chip-all"] == ("/", "Clear filters")
    assert page.links["after"][1] == "Next →"
    assert follow(ada, page, "after").links["before"][1] == "← Previous"
    assert "Project: ours" in page.text
    assert "User: ada" in page.text
    assert "Administration" not in page.text
    assert "Administration" in Person.of(*make_admin()).get().text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, ""), (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1 << 20, "1.0 MiB"),
        (348_200_000, "332.1 MiB"), ((1 << 30) - 1, "1.0 GiB"), (1 << 30, "1.0 GiB"), (1 << 40, "1.0 TiB"),
        (1 << 62, "4.0 EiB"),
    ],
)  # fmt: skip
def test_sizes_are_in_the_units_they_name(given: int | None, said: str) -> None:
    assert words.size(given) == said
