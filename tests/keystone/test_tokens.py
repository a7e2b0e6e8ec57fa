"""Tokens of a real Keystone: what they let through, and when no longer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from keystoneauth1.exceptions import ClientException
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from catalog import clock
from catalog.actors import Actor
from identity.errors import KeystoneUnavailable, TokenRefused
from identity.keystone import authentication
from identity.keystone.authentication import authenticate
from identity.keystone.connection import connection
from tests.keystone.conftest import Configure
from tests.support.keystone import Cloud, Forwarder, Person, made_up, url
from tests.support.patience import eventually

pytestmark = pytest.mark.keystone


def test_an_actor_is_all_that_policies_need(cloud: Cloud, configure: Configure) -> None:
    configure()
    ada = cloud.person("member")
    actor = authenticate({"X-Auth-Token": ada.token()}, request_id="req-1")
    assert actor == Actor(
        user_id=ada.id,
        user_name=ada.name,
        project_id=ada.project_id,
        project_name=ada.project,
        roles=frozenset({"member", "reader"}),
        request_id="req-1",
        audit_ids=actor.audit_ids,
    )
    assert actor.audit_ids
    boss = cloud.person("admin")
    assert authenticate({"x-auth-token": boss.token()}, request_id="").is_admin


def test_scopes_other_than_a_project(cloud: Cloud, configure: Configure) -> None:
    configure()
    ada = cloud.person("member")
    unscoped = authenticate({"X-Auth-Token": ada.token(unscoped=True)}, request_id="")
    assert (unscoped.project_id, unscoped.roles) == (None, frozenset())

    role = cloud.find("role", "reader")
    cloud.call("PUT", f"/domains/default/users/{ada.id}/roles/{role}")
    cloud.call("PUT", f"/system/users/{ada.id}/roles/{role}")
    domain = authenticate({"X-Auth-Token": ada.token(domain_id="default")}, request_id="")
    assert (domain.domain_id, domain.project_id) == ("default", None)
    assert domain.roles == {"reader"}
    system = authenticate({"X-Auth-Token": ada.token(system_scope="all")}, request_id="")
    assert (system.system, system.project_id, system.domain_id) == (True, None, None)


def test_roles_count_in_lower_case(cloud: Cloud, configure: Configure) -> None:
    configure()
    name = made_up("Operator")
    cloud.create("role", name=name)
    actor = authenticate({"X-Auth-Token": cloud.person(name).token()}, request_id="")
    assert actor.roles == {name.lower()}


@pytest.mark.parametrize(
    "token",
    [None, "", "garbage", "gAAAAABn" + "x" * 180, "with space", "é€", "x\r\nY: z", "x" * 9000],
)
def test_what_is_no_token_is_refused_and_names_keystone(token, configure: Configure) -> None:
    config = configure(public_url="https://keystone.example/v3")
    with pytest.raises(TokenRefused) as refused:
        authenticate({"X-Auth-Token": token} if token is not None else {}, request_id="")
    told = {"WWW-Authenticate": 'Keystone uri="https://keystone.example/v3"'}
    assert refused.value.facts["headers"] == told
    assert config.told_url == "https://keystone.example/v3"


def test_what_is_taken_away_ends_when_the_process_forgets(
    cloud: Cloud, configure: Configure
) -> None:
    configure(cache_seconds=0, refused_cache_seconds=0)
    ada = cloud.person("member", "admin")
    token = ada.token()
    assert authenticate({"X-Auth-Token": token}, request_id="").is_admin
    cloud.grant(ada, "admin", take=True)
    assert authenticate({"X-Auth-Token": token}, request_id="").roles == {"member", "reader"}
    cloud.revoke(token)
    with pytest.raises(TokenRefused):
        authenticate({"X-Auth-Token": token}, request_id="")

    bob = cloud.person("member")
    token = bob.token()
    cloud.call("PATCH", f"/users/{bob.id}", {"user": {"enabled": False}})
    with pytest.raises(TokenRefused):
        authenticate({"X-Auth-Token": token}, request_id="")


def test_valid_and_refused_tokens_are_remembered(
    cloud: Cloud, configure: Configure, way: tuple[Forwarder, str]
) -> None:
    forwarder, region = way
    configure(region=region, cache_seconds=300, refused_cache_seconds=300, retries=0)
    token = cloud.person("member").token()
    for _ in range(5):
        authenticate({"X-Auth-Token": token}, request_id="")
        with pytest.raises(TokenRefused):
            authenticate({"X-Auth-Token": "garbage"}, request_id="")
    assert forwarder.accepted == 1  # and one connection was enough for both
    forwarder.cut()
    authenticate({"X-Auth-Token": token}, request_id="")
    with pytest.raises(TokenRefused):
        authenticate({"X-Auth-Token": "garbage"}, request_id="")
    with pytest.raises(KeystoneUnavailable):
        authenticate({"X-Auth-Token": "other"}, request_id="")
    cloud.revoke(token)
    assert authenticate({"X-Auth-Token": token}, request_id="").user_id  # the documented window
    assert token not in repr(authentication.tokens.__dict__)


def test_the_memory_is_bounded(cloud: Cloud, configure: Configure) -> None:
    configure(cache_size=3)
    for number in range(8):
        with pytest.raises(TokenRefused):
            authenticate({"X-Auth-Token": f"garbage-{number}"}, request_id="")
    assert len(authentication.tokens._entries) == 3


def short_token(person: Person, end: datetime) -> str:
    """A token that ends then: that of an application credential which does."""
    told = end.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    own = Session(
        auth=v3.Password(
            url(), user_id=person.id, password=person.password, project_id=person.project_id
        )
    )
    made = own.post(
        f"{url()}/users/{person.id}/application_credentials",
        json={"application_credential": {"name": made_up("short"), "expires_at": told}},
    ).json()["application_credential"]
    auth = v3.ApplicationCredential(
        url(), application_credential_id=made["id"], application_credential_secret=made["secret"]
    )
    return str(Session(auth=auth).get_token())


def let_in_for_a_while(person: Person) -> tuple[str, datetime, Actor]:
    """A token that let the person in and ends soon, its end, and who it was; on a slow machine soon is later."""
    for seconds in (10, 40, 160):
        end = (clock.now() + timedelta(seconds=seconds)).replace(microsecond=0)
        try:
            token = short_token(person, end)
            return token, end, authenticate({"X-Auth-Token": token}, request_id="")
        except (TokenRefused, ClientException):
            assert clock.now() >= end, "refused before its end"
    raise AssertionError("the machine is too slow to use a token of minutes")


def test_a_token_ends_to_the_second_unless_a_service_vouches_for_it(
    cloud: Cloud, configure: Configure, service: Person
) -> None:
    configure(cache_seconds=300, refused_cache_seconds=0)
    ada, mine = cloud.person("member"), cloud.person("member").token()
    token, end, first = let_in_for_a_while(ada)
    own = {"X-Auth-Token": token}
    assert first.delegated
    assert first.service_roles == frozenset()

    def ended() -> bool:
        try:
            authenticate(own, request_id="")
        except TokenRefused:
            return True
        return False

    assert eventually(ended, seconds=(end - clock.now()).total_seconds() + 60)
    assert clock.now() >= end
    vouched = authenticate(own | {"X-Service-Token": service.token()}, request_id="")
    assert (vouched.user_id, vouched.service_roles) == (ada.id, frozenset({"service"}))
    with pytest.raises(TokenRefused):  # a member is no service
        authenticate(own | {"X-Service-Token": mine}, request_id="")
    with pytest.raises(TokenRefused):
        authenticate(own, request_id="")
    with pytest.raises(TokenRefused, match="service token"):
        authenticate({"X-Auth-Token": mine, "X-Service-Token": "garbage"}, request_id="")


def test_keystone_gone_and_back_is_neither_401_nor_500(
    cloud: Cloud, configure: Configure, way: tuple[Forwarder, str]
) -> None:
    forwarder, region = way
    configure(region=region, cache_seconds=0, retries=1)
    headers = {"X-Auth-Token": cloud.person("member").token()}
    authenticate(headers, request_id="")
    forwarder.cut()
    with pytest.raises(KeystoneUnavailable) as told:
        authenticate(headers, request_id="")
    assert told.value.facts["headers"] == {"Retry-After": "5"}
    forwarder.mend()
    assert authenticate(headers, request_id="").project_id


def test_a_silent_keystone_is_not_waited_for(
    cloud: Cloud, configure: Configure, way: tuple[Forwarder, str]
) -> None:
    forwarder, region = way
    configure(region=region, cache_seconds=0, retries=0, timeout=0.5)
    headers = {"X-Auth-Token": cloud.person("member").token()}
    forwarder.silent = True
    with pytest.raises(KeystoneUnavailable):
        authenticate(headers, request_id="")


def test_who_asks_while_keystone_is_away_is_not_held_up(
    cloud: Cloud, configure: Configure, way: tuple[Forwarder, str]
) -> None:
    """Who finds it away tells all others: none of them asks before `away_seconds` are over."""
    forwarder, region = way
    token = cloud.person("member").token()

    def refused() -> None:
        with pytest.raises(KeystoneUnavailable):
            authenticate({"X-Auth-Token": token}, request_id="")

    configure(region=region, cache_seconds=0, retries=0, away_seconds=300)
    authenticate({"X-Auth-Token": token}, request_id="")
    forwarder.cut()
    refused()
    forwarder.mend()
    reached = forwarder.accepted
    for _ in range(3):
        refused()
    assert forwarder.accepted == reached
    configure(region=region, cache_seconds=0, retries=0, away_seconds=0)
    assert authenticate({"X-Auth-Token": token}, request_id="").project_id


def test_threads_that_wait_for_the_same_sign_in_wait_once(
    cloud: Cloud, configure: Configure, way: tuple[Forwarder, str]
) -> None:
    """Signing in is one thread's work: when it fails, those behind it do not try one after another."""
    forwarder, region = way
    configure(
        auth_url=forwarder.url,
        region=region,
        cache_seconds=0,
        retries=0,
        timeout=0.5,
        away_seconds=300,
    )
    forwarder.silent = True
    token = cloud.person("member").token()

    def refused() -> None:
        with pytest.raises(KeystoneUnavailable):
            authenticate({"X-Auth-Token": token}, request_id="")

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(refused) for _ in range(8)]:
            done.result()
    assert forwarder.accepted == 1


def test_a_keystone_that_is_back_is_found(
    cloud: Cloud, configure: Configure, way: tuple[Forwarder, str]
) -> None:
    forwarder, region = way
    configure(region=region, cache_seconds=0, retries=0, away_seconds=0.2)
    headers = {"X-Auth-Token": cloud.person("member").token()}
    forwarder.cut()
    with pytest.raises(KeystoneUnavailable):
        authenticate(headers, request_id="")
    forwarder.mend()

    def project() -> str | None:
        try:
            return authenticate(headers, request_id="").project_id
        except KeystoneUnavailable:
            return None

    assert eventually(project)


def test_a_wrong_service_user_is_our_fault_and_not_the_callers(
    cloud: Cloud, configure: Configure
) -> None:
    token = cloud.person("member").token()
    configure(password="wrong")
    with pytest.raises(KeystoneUnavailable):
        authenticate({"X-Auth-Token": token}, request_id="")
    powerless = cloud.person("member")
    configure(username=powerless.name, project=powerless.project)
    with pytest.raises(KeystoneUnavailable):
        authenticate({"X-Auth-Token": token}, request_id="")
    configure(region="nowhere")
    with pytest.raises(KeystoneUnavailable):
        authenticate({"X-Auth-Token": token}, request_id="")
    configure(auth_url="http://127.0.0.1:9/v3", retries=0)
    with pytest.raises(KeystoneUnavailable):
        authenticate({"X-Auth-Token": token}, request_id="")


def test_the_service_signs_in_again_when_its_own_token_was_revoked(
    cloud: Cloud, configure: Configure
) -> None:
    configure(cache_seconds=0)
    headers = {"X-Auth-Token": cloud.person("member").token()}
    authenticate(headers, request_id="")
    ours = connection()
    cloud.revoke(str(ours._session.get_token(ours._service)))
    assert authenticate(headers, request_id="").user_id
