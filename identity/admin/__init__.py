"""The admin pages of identity."""

from django.contrib import admin

from identity.admin import names, offers, people, traces
from identity.forms import AdminSignInForm

__all__ = ["names", "offers", "people", "traces"]

admin.site.login_form = AdminSignInForm
