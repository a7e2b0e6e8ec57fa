"""Two at once: one wins, and nothing is half done."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from catalog.errors import CatalogError
from identity.errors import NameTaken, SignInFailed
from identity.models import ApplicationCredential, Assignment, Project, Token, User
from identity.services.assignments import assign, unassign
from identity.services.credentials import create_credential, delete_credential
from identity.services.issuing import Default, issue, lend
from identity.services.projects import create_project, delete_project
from identity.services.signing_in import CredentialReference, prove_credential
from identity.services.users import create_user, delete_user, set_password
from tests.identity.factories import SYSTEM
from tests.support.identity import actor_for, make_project, make_user, role

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls) -> list[object]:
    """The outcome of each call, an error of the catalog included; all begin at the same moment."""
    barrier = Barrier(len(calls))

    def run(call) -> object:
        barrier.wait()
        try:
            return call()
        except CatalogError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_a_name_is_taken_once() -> None:
    role("member")
    for make, model in ((create_user, User), (create_project, Project)):
        outcomes = together(*[lambda m=make: m(name="ada", actor=SYSTEM)] * 4)
        assert sum(isinstance(o, NameTaken) for o in outcomes) == 3
        assert sum(isinstance(o, model) for o in outcomes) == 1
        assert model.objects.filter(name="ada").count() == 1


def test_a_role_is_given_once() -> None:
    ours, ada, member = make_project("ours"), make_user("ada"), role("member")
    call = lambda: assign(ada.pk, member.pk, project_id=ours.pk, actor=SYSTEM)  # noqa: E731 - four of the same
    outcomes = together(call, call, call, call)
    assert not [o for o in outcomes if isinstance(o, Exception)]
    assert Assignment.objects.count() == 1


def test_a_role_on_a_project_that_goes_leaves_nothing() -> None:
    for number in range(5):
        ours = make_project(f"ours{number}")
        ada, member = make_user(f"ada{number}"), role("member")
        outcomes = together(
            lambda a=ada, m=member, p=ours: assign(a.pk, m.pk, project_id=p.pk, actor=SYSTEM),
            lambda p=ours: delete_project(p.pk, actor=SYSTEM),
        )
        assert all(o is None or isinstance(o, Assignment | CatalogError) for o in outcomes)
        assert Assignment.objects.filter(user=ada).count() == (
            1 if Project.objects.filter(pk=ours.pk).exists() else 0
        )


def test_an_old_password_gives_no_token_after_the_new_one() -> None:
    """Who proved the old password just before it changed comes too late."""
    ada = make_user("ada", make_project("ours"))
    proven = User.objects.get(pk=ada.pk)
    set_password(ada.pk, "new", actor=SYSTEM)
    with pytest.raises(SignInFailed):
        issue(proven, Default(), methods=("password",))
    assert Token.objects.count() == 0
    issue(User.objects.get(pk=ada.pk), Default(), methods=("password",))
    assert Token.objects.count() == 1


def test_a_credential_that_goes_leaves_no_token() -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours)
    actor = actor_for(ada, ours)
    for number in range(5):
        made, secret = create_credential(ada.pk, name=f"n{number}", actor=actor)
        reference = CredentialReference(id=made.pk)
        outcomes = together(
            lambda r=reference, s=secret: lend(
                prove_credential(r, s, address="127.0.0.1"), methods=("application_credential",)
            ),
            lambda m=made: delete_credential(ada.pk, m.pk, actor=actor),
        )
        errors = [o for o in outcomes if isinstance(o, Exception)]
        assert all(isinstance(e, SignInFailed) for e in errors)
        assert Token.objects.filter(application_credential__isnull=False).count() == 0
        assert ApplicationCredential.objects.count() == 0


def test_a_user_who_goes_leaves_nothing() -> None:
    """Who signs in holds the user first, and so does who deletes it: neither waits for the other for ever."""
    ours = make_project("ours")
    for number in range(5):
        ada = make_user(f"ada{number}", ours)
        actor = actor_for(ada, ours)
        made, secret = create_credential(ada.pk, name="ci", actor=actor)
        reference = CredentialReference(id=made.pk)
        outcomes = together(
            *[
                lambda r=reference, s=secret: lend(
                    prove_credential(r, s, address="127.0.0.1"), methods=("application_credential",)
                )
            ]
            * 2,
            lambda a=ada: delete_user(a.pk, actor=SYSTEM),
        )
        errors = [o for o in outcomes if isinstance(o, Exception)]
        assert all(isinstance(e, SignInFailed) for e in errors)
        assert Token.objects.count() == ApplicationCredential.objects.count() == 0


def test_a_credential_s_name_is_taken_once() -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours)
    actor = actor_for(ada, ours)
    outcomes = together(*[lambda: create_credential(ada.pk, name="ci", actor=actor)] * 4)
    assert sum(isinstance(o, NameTaken) for o in outcomes) == 3
    assert ApplicationCredential.objects.count() == 1


def test_a_role_that_goes_is_lent_by_nobody() -> None:
    for number in range(5):
        ours = make_project(f"ours{number}")
        ada = make_user(f"ada{number}", ours)
        actor = actor_for(ada, ours)
        together(
            lambda a=ada, c=actor: create_credential(a.pk, name="ci", actor=c),
            lambda a=ada, p=ours: unassign(a.pk, role("member").pk, project_id=p.pk, actor=SYSTEM),
        )
        assert ApplicationCredential.objects.count() == 0
