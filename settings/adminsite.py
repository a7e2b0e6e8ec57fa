"""The admin as an app: its front page is `settings.admin_index`."""

from django.contrib.admin.apps import AdminConfig


class OperationConfig(AdminConfig):
    """Its place in INSTALLED_APPS is behind the apps whose templates and files stand for the admin's own."""

    default_site = "settings.admin_index.OperationSite"
