from django.apps import AppConfig


class SettingsConfig(AppConfig):
    """The composition root as an app: it brings the command that runs the service."""

    name = "settings"
