"""Who may read and change definitions: Glance's rule names and defaults, so an operator's `policy.yaml` fits.

A refusal of something the caller may see is Forbidden; of anything else NotFound, as if it were not there.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from oslo_policy import policy

from catalog.actors import Actor
from catalog.errors import Forbidden, NotFound
from catalog.policy import enforce, require_project_scope
from metadefs.models import Namespace

_READ = (
    "rule:metadef_default and (role:admin or"
    " (role:reader and (project_id:%(project_id)s or 'public':%(visibility)s)))"
)
_LIST = "rule:metadef_default and (role:admin or (role:reader and project_id:%(project_id)s))"
_WRITE = "rule:metadef_admin"

_READS = (
    "get_metadef_namespace", "get_metadef_object", "get_metadef_objects",
    "list_metadef_resource_types", "get_metadef_resource_type",
    "get_metadef_property", "get_metadef_properties", "get_metadef_tag", "get_metadef_tags",
)  # fmt: skip
_WRITES = (
    "add_metadef_namespace", "modify_metadef_namespace", "delete_metadef_namespace",
    "add_metadef_object", "modify_metadef_object", "delete_metadef_object",
    "add_metadef_resource_type_association", "remove_metadef_resource_type_association",
    "add_metadef_property", "modify_metadef_property", "remove_metadef_property",
    "add_metadef_tag", "add_metadef_tags", "modify_metadef_tag",
    "delete_metadef_tag", "delete_metadef_tags",
)  # fmt: skip

DEFAULTS = (
    policy.RuleDefault("metadef_default", "", "Holds for every read of definitions."),
    policy.RuleDefault("metadef_admin", "role:admin", "Who may change definitions."),
    policy.RuleDefault("get_metadef_namespaces", _LIST, "List namespaces."),
    *(policy.RuleDefault(name, _READ, "Read definitions.") for name in _READS),
    *(policy.RuleDefault(name, _WRITE, "Change definitions.") for name in _WRITES),
)


def visible_to(actor: Actor) -> Q:
    """The namespaces an actor sees: public ones, those without an owner, its project's; all for an admin."""
    if actor.is_admin:
        return Q()
    return seen_by_project(actor.project_id)


def seen_by_project(project_id: str | None) -> Q:
    """The namespaces that govern a project's assets, whoever calls."""
    everybodys = Q(visibility="public") | Q(owner__isnull=True)
    return everybodys | Q(owner=project_id) if project_id is not None else everybodys


class MetadefPolicy:
    """The decisions about one actor; WrongScope for one whose token is not for a project."""

    def __init__(self, actor: Actor) -> None:
        require_project_scope(actor)
        self.actor = actor

    def visible(self, rows: QuerySet[Namespace]) -> QuerySet[Namespace]:
        return rows.filter(visible_to(self.actor))

    def allows(self, rule: str, namespace: Namespace | None = None) -> bool:
        """Without a namespace the target is the actor's own project."""
        return enforce(self.actor, rule, self._target(namespace))

    def require(self, rule: str, namespace: Namespace | None = None) -> None:
        """Nothing, Forbidden, or NotFound when the actor may not even see the namespace."""
        if self.allows(rule, namespace):
            return
        if namespace is not None and not self._sees(namespace):
            raise absent(namespace.namespace)
        raise Forbidden(f"you may not do this ({rule})", rule=rule)

    def _sees(self, namespace: Namespace) -> bool:
        return self.allows("get_metadef_namespace", namespace)

    def _target(self, namespace: Namespace | None) -> Mapping[str, Any]:
        if namespace is None:
            return {"project_id": self.actor.project_id, "visibility": "private"}
        shared = namespace.visibility == "public" or namespace.owner is None
        return {
            "project_id": namespace.owner,
            "owner": namespace.owner,
            "visibility": "public" if shared else "private",
            "namespace": namespace.namespace,
            "protected": namespace.protected,
        }


def absent(name: str) -> NotFound:
    return NotFound(f"there is no namespace {name!r}", namespace=name)
