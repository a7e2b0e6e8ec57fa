"""A door for tests: the token says who calls, `name` or `name@project` or `name@project:role,role`."""

from collections.abc import Mapping
from urllib.parse import unquote

from catalog.actors import Actor
from catalog.errors import Unauthenticated


def actor(token: str) -> Actor:
    name, _, rest = token.partition("@")
    project, _, roles = rest.partition(":")
    given = frozenset(roles.split(",") if roles else ["member"])
    if "admin" in given:
        given |= {"manager", "member", "reader"}
    elif "member" in given:
        given |= {"reader"}
    return Actor(user_id=name, project_id=project or name, roles=given, is_admin="admin" in given)


def authenticate(headers: Mapping[str, str], *, request_id: str) -> Actor:
    token = headers.get("X-Auth-Token")
    if not token:
        raise Unauthenticated("a token is needed")
    return actor(unquote(token))


ADMIN = "root@ops:admin"
ANNA = "anna@one"
BERT = "bert@two"
GUEST = "guest@one:custom"
