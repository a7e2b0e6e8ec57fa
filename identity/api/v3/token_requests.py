"""The body of `POST /v3/auth/tokens`."""

from typing import Any

from catalog.errors import InvalidBody
from identity.api.v3.reading import Reader
from identity.errors import SignInFailed
from identity.services.granting import TokenRequest
from identity.services.issuing import (
    Default,
    DomainScope,
    ProjectScope,
    Scope,
    SystemScope,
    Unscoped,
)
from identity.services.signing_in import CredentialReference, UserReference
from identity.services.users import LONGEST_PASSWORD
from identity.tokens import LONGEST

METHODS = ("password", "token", "application_credential")


def read(document: dict[str, Any]) -> TokenRequest:
    """What is asked for; InvalidBody names what is missing, SignInFailed a method that is not known here."""
    auth = Reader(document).object("auth")
    identity = auth.object("identity")
    methods = tuple(dict.fromkeys(identity.texts("methods")))
    if any(method not in METHODS for method in methods):
        raise SignInFailed("Attempted to authenticate with an unsupported method.")
    user, password, token, credential, secret = None, None, None, None, None
    if "password" in methods:
        given = identity.object("password").object("user")
        user = _user(given)
        password = given.text("password", longest=LONGEST_PASSWORD, empty=True)
    if "token" in methods:
        token = identity.object("token").text("id", longest=10 * LONGEST)
    if "application_credential" in methods:
        lent = identity.object("application_credential")
        credential = _credential(lent)
        secret = lent.text("secret", longest=LONGEST_PASSWORD, empty=True)
    return TokenRequest(
        methods=methods,
        user=user,
        password=password,
        token=token,
        credential=credential,
        secret=secret,
        scope=_scope(auth),
    )


def _credential(given: Reader) -> CredentialReference:
    if "id" in given:
        return CredentialReference(id=given.text("id"))
    return CredentialReference(name=given.text("name"), user=_user(given.object("user")))


def _user(given: Reader) -> UserReference:
    if "id" in given:
        return UserReference(id=given.text("id"))
    name = given.text("name")
    domain = given.object("domain")
    if "id" in domain:
        return UserReference(name=name, domain_id=domain.text("id"))
    return UserReference(name=name, domain_name=domain.text("name"))


def _scope(auth: Reader) -> Scope:
    if auth.document.get("scope") is None:
        return Default()
    if auth.document["scope"] == "unscoped":
        return Unscoped()
    scope = auth.object("scope")
    named = scope.document.keys() & {"project", "domain", "system", "unscoped"}
    if len(named) != 1:
        raise InvalidBody(
            "auth.scope must name one of project, domain, system and unscoped",
            attribute="auth.scope",
        )
    match named.pop():
        case "project":
            return _project(scope.object("project"))
        case "domain":
            return _domain(scope.object("domain"))
        case "system":
            if not scope.object("system").flag("all"):
                raise InvalidBody("auth.scope.system.all must be true", attribute="auth.scope")
            return SystemScope()
        case _:
            return Unscoped()


def _project(given: Reader) -> ProjectScope:
    if "id" in given:
        return ProjectScope(id=given.text("id"))
    name = given.text("name")
    domain = given.object("domain")
    if "id" in domain:
        return ProjectScope(name=name, domain_id=domain.text("id"))
    return ProjectScope(name=name, domain_name=domain.text("name"))


def _domain(given: Reader) -> DomainScope:
    if "id" in given:
        return DomainScope(id=given.text("id"))
    return DomainScope(name=given.text("name"))
