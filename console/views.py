"""The pages."""

from dataclasses import replace

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from typing_extensions import override

from catalog.api.addresses import base_url
from console import assets, facets, results, transfers
from console.asking import ALL_PROJECTS, Asking, parse
from console.finding import find
from console.pages import Visitor, is_fragment, open_page, page, told
from console.refusals import refusal
from identity.forms import SignInForm
from identity.sessions import choose_project
from search.errors import QueryRefused


@require_safe
@page
def home(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The search: whole, or the parts that change with what is asked."""
    asking = parse(request.GET)
    try:
        return _searched(request, visitor, asking)
    except QueryRefused as error:
        return told(request, visitor, error, refusal=refusal(asking, error), asking=asking)


def _searched(request: HttpRequest, visitor: Visitor, asking: Asking) -> HttpResponse:
    if ALL_PROJECTS in asking.switches and not visitor.actor.is_admin:  # of another project, before
        asking = replace(
            asking, switches={k: v for k, v in asking.switches.items() if k != ALL_PROJECTS}
        )
    found = find(visitor.actor, asking)
    before, after = results.neighbours(asking, found)
    context = {
        "visitor": visitor,
        "asking": asking,
        "found": found,
        "results": results.results(found, visitor.names),
        "facets": facets.facets(asking, found),
        "switches": facets.switches(asking, visitor.actor),
        "chips": facets.chips(asking),
        "meant": asking.retyped(found.meant).address if found.meant else "",
        "orders": results.orders(asking),
        "before": before,
        "after": after,
    }
    template = "console/_found.html" if is_fragment(request) else "console/home.html"
    return render(request, template, context)


@require_safe
@page
def asset(
    request: HttpRequest, visitor: Visitor, resource_type: str, asset_id: str
) -> HttpResponse:
    shown = assets.asset(
        visitor.actor,
        resource_type,
        asset_id,
        base_url=base_url(request),
        names=visitor.names,
    )
    return render(request, "console/asset.html", {"visitor": visitor, "asset": shown})


@require_safe
@page
def data(
    _request: HttpRequest, visitor: Visitor, resource_type: str, asset_id: str
) -> HttpResponse:
    """The asset's bytes, to be saved."""
    return transfers.data(visitor.actor, resource_type, asset_id)


@require_POST
@page
def project(request: HttpRequest, _visitor: Visitor) -> HttpResponse:
    """Go on in another project; ProjectNotFound when the user has no role there."""
    choose_project(request, request.POST.get("project", ""))
    return HttpResponseRedirect(_next(request))


def _next(request: HttpRequest) -> str:
    """Where the visitor was, as long as that is here."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return reverse("home")


@method_decorator(open_page, name="dispatch")
class SignIn(LoginView):
    authentication_form = SignInForm
    template_name = "console/sign_in.html"
    redirect_authenticated_user = True

    @override
    def get_default_redirect_url(self) -> str:
        return reverse("home")


@method_decorator(open_page, name="dispatch")
class SignOut(LogoutView):
    @override
    def get_default_redirect_url(self) -> str:
        return reverse("sign-in")
