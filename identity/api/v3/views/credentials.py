"""Application credentials of a user."""

from datetime import UTC, datetime

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_object, json_response
from catalog.errors import InvalidBody, NotFound
from identity import selectors
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed
from identity.api.v3.filters import CredentialFilters, page_of
from identity.api.v3.reading import Reader
from identity.policies import require
from identity.services import credentials
from identity.services.credentials import RoleReference
from identity.services.users import LONGEST_PASSWORD

ROLE = frozenset({"id", "name", "domain_id"})
"""How a role of a credential is shown, and may be named; where it has an id, that decides."""


class CredentialsView(IdentityView):
    def get(self, request: Request, user_id: str) -> HttpResponse:
        rows = selectors.credentials_for(self.actor, user_id)
        found, following = page_of(rows, request, CredentialFilters)
        shown = [documents.credential(row, api_url(request)) for row in found]
        return json_response(listed("application_credentials", shown, request, following))

    def post(self, request: Request, user_id: str) -> HttpResponse:
        body = Reader(json_object(request)).object("application_credential")
        row, secret = credentials.create_credential(
            user_id,
            name=body.text("name"),
            description=body.long_text("description"),
            secret=body.optional_text("secret", longest=LONGEST_PASSWORD),
            roles=_roles(body),
            expires_at=_moment(body, "expires_at"),
            unrestricted=body.flag("unrestricted") if "unrestricted" in body else False,
            actor=self.actor,
        )
        shown = documents.credential(row, api_url(request)) | {"secret": secret}
        return json_response(
            {"application_credential": shown}, status=201, headers={"Cache-Control": "no-store"}
        )


class CredentialView(IdentityView):
    def get(self, request: Request, user_id: str, credential_id: str) -> HttpResponse:
        row = selectors.credential_for(self.actor, user_id, credential_id)
        return json_response(
            {"application_credential": documents.credential(row, api_url(request))}
        )

    def delete(self, request: Request, user_id: str, credential_id: str) -> HttpResponse:
        credentials.delete_credential(user_id, credential_id, actor=self.actor)
        return empty_response()


class AccessRulesView(IdentityView):
    """No credential has access rules; clients that list them get an empty list."""

    def get(self, request: Request, user_id: str) -> HttpResponse:
        require(self.actor, "list_access_rules", user=user_id)
        return json_response(listed("access_rules", [], request))


class AccessRuleView(IdentityView):
    def get(self, request: Request, user_id: str, rule_id: str) -> HttpResponse:
        require(self.actor, "get_access_rule", user=user_id)
        raise NotFound(f"Could not find access rule: {rule_id}.", id=rule_id)

    delete = get


def _roles(body: Reader) -> list[RoleReference]:
    if body.document.get("access_rules"):
        raise InvalidBody(
            "application_credential.access_rules are not supported here: a credential is limited"
            " by its roles",
            attribute="application_credential.access_rules",
        )
    found = []
    for one in body.objects("roles"):
        names = one.document.keys()
        if not names <= ROLE or names.isdisjoint({"id", "name"}):
            raise InvalidBody(f"{one.path} must have an id or a name", attribute=one.path)
        found.append(
            RoleReference(id=one.text("id"))
            if "id" in one
            else RoleReference(name=one.text("name"))
        )
    return found


def _moment(body: Reader, name: str) -> datetime | None:
    """A time in ISO 8601, in UTC when it names no zone."""
    text = body.optional_text(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        place = f"{body.path}.{name}"
        raise InvalidBody(
            f"{place} must be a time such as 2030-01-31T12:00:00Z", attribute=place
        ) from None
