"""Who acts on the admin pages: the kernel's admin needs an Actor, and only the apps above know whose session it is."""

from collections.abc import Callable

from django.http import HttpRequest

from catalog.actors import ANONYMOUS, Actor

StaffActor = Callable[[HttpRequest], Actor]
_providers: list[StaffActor] = []


def provide(staff_actor: StaffActor) -> None:
    """Say who knows; called from `AppConfig.ready`, and the last word counts."""
    _providers[:] = [staff_actor]


def staff_actor_of(request: HttpRequest) -> Actor:
    """The operator behind an admin request; ANONYMOUS, who may do nothing, while nobody knows."""
    return _providers[0](request) if _providers else ANONYMOUS
