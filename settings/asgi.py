"""The service as one ASGI application, for any ASGI server: `uvicorn settings.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.base")
django.setup()

from settings.composition import build  # noqa: E402 - routes import models, which need the apps

application = build()
