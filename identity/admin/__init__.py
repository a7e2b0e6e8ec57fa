"""The admin pages of identity."""

from django.contrib import admin

from identity.admin import names, people, traces
from identity.forms import AdminSignInForm

__all__ = ["names", "people", "traces"]

admin.site.login_form = AdminSignInForm
