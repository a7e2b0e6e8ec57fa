"""Who may do what to an image: Glance's rule names and defaults, so an operator's `policy.yaml` works."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from oslo_policy import policy as oslo
from typing_extensions import override

from artifacts.models import Artifact
from artifacts.types import Guard, Shown, absent
from artifacts.visibility import PUBLIC, SHARED, VISIBILITIES, told_visibility
from catalog import policy
from catalog.actors import Actor
from catalog.errors import Forbidden

_PM = "(role:member and project_id:%(project_id)s)"
_PR = "(role:reader and project_id:%(project_id)s)"
_VISIBLE = (
    "(project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s"
    " or 'public':%(visibility)s or 'shared':%(visibility)s)"
)
_ADMIN = "rule:context_is_admin"
_SERVICE = "rule:service_api"


class ImageAction(StrEnum):
    ADD = "add_image"
    GET = "get_image"
    LIST = "get_images"
    MODIFY = "modify_image"
    DELETE = "delete_image"
    UPLOAD = "upload_image"
    DOWNLOAD = "download_image"
    DOWNLOAD_FROM_STORE = "download_from_store"
    PUBLICIZE = "publicize_image"
    COMMUNITIZE = "communitize_image"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    ADD_MEMBER = "add_member"
    DELETE_MEMBER = "delete_member"
    GET_MEMBER = "get_member"
    LIST_MEMBERS = "get_members"
    MODIFY_MEMBER = "modify_member"
    GET_LOCATION = "get_image_location"
    SET_LOCATION = "set_image_location"
    DELETE_LOCATION = "delete_image_location"
    ADD_LOCATION = "add_image_location"
    FETCH_LOCATION = "fetch_image_location"
    COPY = "copy_image"
    STORES_DETAIL = "stores_info_detail"


def _owner(action: ImageAction, what: str) -> oslo.RuleDefault:
    return oslo.RuleDefault(action, f"{_ADMIN} or {_PM}", what)


DEFAULTS = (
    oslo.RuleDefault(
        ImageAction.ADD, f"{_ADMIN} or (role:member and project_id:%(owner)s)", "Create an image."
    ),
    oslo.RuleDefault(
        ImageAction.GET, f"{_ADMIN} or (role:reader and {_VISIBLE})", "Show an image."
    ),
    oslo.RuleDefault(ImageAction.LIST, f"{_ADMIN} or {_PR}", "List images."),
    oslo.RuleDefault(
        ImageAction.DOWNLOAD, f"{_ADMIN} or (role:member and {_VISIBLE})", "Download an image."
    ),
    oslo.RuleDefault(
        ImageAction.DOWNLOAD_FROM_STORE,
        f"{_ADMIN} or (role:member and {_VISIBLE})",
        "Prefer a store for a download.",
    ),
    _owner(ImageAction.MODIFY, "Change an image."),
    _owner(ImageAction.DELETE, "Delete an image."),
    _owner(ImageAction.UPLOAD, "Upload an image's data."),
    _owner(ImageAction.COMMUNITIZE, "Make an image's visibility community."),
    _owner(ImageAction.DEACTIVATE, "Deactivate an image."),
    _owner(ImageAction.REACTIVATE, "Reactivate an image."),
    _owner(ImageAction.ADD_MEMBER, "Share an image."),
    _owner(ImageAction.DELETE_MEMBER, "Stop sharing an image."),
    oslo.RuleDefault(ImageAction.PUBLICIZE, _ADMIN, "Make an image public."),
    oslo.RuleDefault(
        ImageAction.GET_MEMBER,
        f"{_ADMIN} or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))",
        "Show a member.",
    ),
    oslo.RuleDefault(
        ImageAction.LIST_MEMBERS,
        f"{_ADMIN} or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))",
        "List members.",
    ),
    oslo.RuleDefault(
        ImageAction.MODIFY_MEMBER,
        f"{_ADMIN} or (role:member and project_id:%(member_id)s)",
        "Accept or reject.",
    ),
    oslo.RuleDefault("default", "", "Glance's own for everybody; files name it."),
    oslo.RuleDefault("service_api", "role:service or role:admin", "Who counts as a service."),
    oslo.RuleDefault(
        ImageAction.GET_LOCATION, f"{_ADMIN} or {_PR}", "See where an image's data lies."
    ),
    _owner(ImageAction.SET_LOCATION, "Change an image's locations."),
    oslo.RuleDefault(ImageAction.DELETE_LOCATION, _ADMIN, "Take a location from an image."),
    oslo.RuleDefault(
        ImageAction.ADD_LOCATION,
        f"{_SERVICE} or (role:member and project_id:%(project_id)s and project_id:%(owner)s)",
        "Give a queued image its location.",
    ),
    oslo.RuleDefault(ImageAction.FETCH_LOCATION, _SERVICE, "List the locations of an image."),
    oslo.RuleDefault(ImageAction.COPY, _ADMIN, "Copy an image of another project to a store."),
    oslo.RuleDefault(
        ImageAction.STORES_DETAIL, f"{_ADMIN} or {_SERVICE}", "See how the stores are set up."
    ),
)


def register() -> None:
    policy.register(DEFAULTS)


FACTS = (
    "id", "name", "project_id", "visibility", "status", "protected", "hidden", "size", "disk_format",
    "container_format", "min_disk", "min_ram", "fields", "properties",
)  # fmt: skip
DERIVED = ("virtual_size", "checksum", "os_hash_algo", "os_hash_value")


def target_of(image: Artifact, actor: Actor, member_id: str | None = None) -> dict[str, Any]:
    """What the rules may ask of an image: its free properties and, before these, its attributes.

    `member_id` is the caller's project when it is reached as a member. What is null is left out, since a rule would
    find it equal to the word None.
    """
    return _target({name: getattr(image, name) for name in FACTS}, actor, member_id)


def _target(facts: Mapping[str, Any], actor: Actor, member_id: str | None = None) -> dict[str, Any]:
    project_id = facts["project_id"]
    visibility = told_visibility(facts["visibility"], project_id)
    if member_id is None and visibility == SHARED and project_id != actor.project_id:
        member_id = actor.project_id
    known = {name: facts[name] for name in FACTS if name not in {"fields", "properties"}}
    fields = {name: facts["fields"].get(name) for name in DERIVED}
    aliases = {"owner": project_id, "tenant": project_id, "image_id": facts["id"]}
    aliases |= {"os_hidden": facts["hidden"], "member_id": member_id, "visibility": visibility}
    whole = {**known, **fields, **aliases}
    free = {key: value for key, value in facts["properties"].items() if key not in whole}
    return {key: value for key, value in {**free, **whole}.items() if value is not None}


class ImagePolicy:
    """What `actor` may do; WrongScope for one whose token is not for a project."""

    def __init__(self, actor: Actor) -> None:
        policy.require_project_scope(actor)
        self.actor = actor

    def allows(self, action: ImageAction, image: Artifact, *, member_id: str | None = None) -> bool:
        return policy.enforce(self.actor, action, target_of(image, self.actor, member_id))

    def may_show(self, row: Mapping[str, Any]) -> bool:
        """Whether `get_image` lets the actor see a row that was read as a dictionary."""
        return policy.enforce(self.actor, ImageAction.GET, _target(row, self.actor))

    def may_show_any(self) -> bool:
        """Whether `get_image` lets the actor see images at all, if it is only those of everybody."""
        return policy.enforce(self.actor, ImageAction.GET, {"visibility": PUBLIC})

    def require(
        self, action: ImageAction, image: Artifact, *, member_id: str | None = None
    ) -> None:
        """Nothing, or Forbidden; NotFound when the image may not even be shown."""
        if self.allows(action, image, member_id=member_id):
            return
        if action is not ImageAction.ADD and (
            action is ImageAction.GET or not self.allows(ImageAction.GET, image)
        ):
            raise absent(image.type, image.pk)
        raise Forbidden(f"policy {action.value} does not allow you this", action=action.value)

    def allows_row(self, action: ImageAction, row: Mapping[str, Any]) -> bool:
        """The same of an image that was read as a dictionary."""
        return policy.enforce(self.actor, action, _target(row, self.actor))

    def require_site(self, action: ImageAction) -> None:
        """Nothing, or Forbidden: what is about no image."""
        if not policy.enforce(self.actor, action, {"project_id": self.actor.project_id}):
            raise Forbidden(f"policy {action.value} does not allow you this", action=action.value)

    def require_list(self) -> None:
        """Forbidden when the actor may not list images at all."""
        self.require_site(ImageAction.LIST)

    def require_visibility(self, image: Artifact, visibility: str) -> None:
        """What it takes to give an image this visibility."""
        if visibility == "public":
            self.require(ImageAction.PUBLICIZE, image)
        elif visibility == "community":
            self.require(ImageAction.COMMUNITIZE, image)


class ImageGuard(Guard):
    """The same rules for every API that reaches images."""

    ACTIONS = {
        "get": ImageAction.GET,
        "delete": ImageAction.DELETE,
        "upload": ImageAction.UPLOAD,
        "download": ImageAction.DOWNLOAD,
    }

    @override
    def require(self, action: str, artifact: Artifact, actor: Actor) -> None:
        ImagePolicy(actor).require(self.ACTIONS[action], artifact)

    @override
    def require_list(self, actor: Actor) -> None:
        ImagePolicy(actor).require_list()

    @override
    def shown(self, actor: Actor) -> Shown:
        """Everything or nothing: of what is seen `get_image` asks for roles alone, and nobody overrides it."""
        found = frozenset(VISIBILITIES) if ImagePolicy(actor).may_show_any() else frozenset()
        return Shown(own=found, others=found)
