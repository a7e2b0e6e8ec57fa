"""The first rows, made again and again."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Event
from identity.models import Role, User
from identity.selectors import role_names_on
from identity.services.assignments import unassign
from identity.services.bootstrap import bootstrap
from identity.services.issuing import Default, SystemScope, issue
from identity.services.signing_in import in_default_domain, prove
from tests.identity.factories import SYSTEM

pytestmark = pytest.mark.django_db


def test_the_administrator_signs_in_with_the_password_that_was_made() -> None:
    made = bootstrap()
    assert made.changed
    assert len(made.password) >= 20
    admin = prove(in_default_domain("admin"), made.password, address="127.0.0.1")
    _, facts = issue(admin, Default(), methods=("password",))
    assert facts.project.name == "admin"
    assert {role.name for role in facts.roles} == {"admin", "manager", "member", "reader"}
    assert admin.is_staff
    _, facts = issue(admin, SystemScope(), methods=("password",))
    assert "admin" in {role.name for role in facts.roles}


def test_a_second_run_changes_nothing() -> None:
    first = bootstrap("one")
    events = Event.objects.count()
    hashed = User.objects.get().password
    for password in (None, "one"):
        again = bootstrap(password)
        assert not again.changed
        assert again.password is None
        assert (again.user_id, again.project_id) == (first.user_id, first.project_id)
    assert Event.objects.count() == events
    assert User.objects.get().password == hashed


def test_another_password_replaces_the_first_and_is_recorded_nowhere() -> None:
    bootstrap("one")
    assert bootstrap("two").changed
    assert User.objects.get().check_password("two")
    assert not User.objects.get().check_password("one")
    told = " ".join(str(event.changes) for event in Event.objects.all())
    assert "two" not in told
    assert "argon2" not in told


def test_a_lost_role_comes_back() -> None:
    made = bootstrap("one")
    role = Role.objects.get(name="admin")
    unassign(made.user_id, role.pk, project_id=made.project_id, actor=SYSTEM)
    assert User.objects.get().is_staff
    unassign(made.user_id, role.pk, system=True, actor=SYSTEM)
    assert not User.objects.get().is_staff
    assert bootstrap().changed
    assert "admin" in role_names_on(made.user_id, made.project_id)


def test_the_command_prints_a_made_password_once(tmp_path) -> None:
    out = StringIO()
    call_command("bootstrap_identity", stdout=out)
    password = out.getvalue().split()[-1]
    assert User.objects.get().check_password(password)
    out = StringIO()
    call_command("bootstrap_identity", stdout=out)
    assert out.getvalue() == "nothing to do\n"
    file = tmp_path / "password"
    file.write_text("from a file\n")
    out = StringIO()
    call_command("bootstrap_identity", password_file=str(file), stdout=out)
    assert out.getvalue() == "changed\n"
    assert User.objects.get().check_password("from a file")
    with pytest.raises(CommandError, match="absent"):
        call_command("bootstrap_identity", password_file=str(tmp_path / "absent"))
