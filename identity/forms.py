"""The form for signing in to the admin and the pages."""

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from typing_extensions import override

from identity.backends import RETRY_AFTER, UNREACHABLE

SLOWED = ngettext_lazy(
    "Too many failed attempts. Try again in %(seconds)d second.",
    "Too many failed attempts. Try again in %(seconds)d seconds.",
    "seconds",
)


class SignInForm(AuthenticationForm):
    """Says so when an attempt was refused for those before it."""

    error_messages = {
        "invalid_login": _("Please enter a correct user name and password."),
        "inactive": _("This account is disabled."),
        "unreachable": _(
            "Keystone does not answer, so passwords cannot be checked. Try again in a moment."
        ),
    }

    @override
    def get_invalid_login_error(self) -> ValidationError:
        seconds = getattr(self.request, RETRY_AFTER, None)
        if seconds is not None:
            return ValidationError(SLOWED, code="slowed", params={"seconds": seconds})
        if getattr(self.request, UNREACHABLE, False):
            return ValidationError(self.error_messages["unreachable"], code="unreachable")
        return super().get_invalid_login_error()


class AdminSignInForm(SignInForm, AdminAuthenticationForm):
    """The same for the admin, which opens for administrators alone."""
