"""`manage.py notifier`: publish notifications, until stopped."""

from typing import Any

from django.core.management.base import BaseCommand
from typing_extensions import override

from catalog import migrations_state
from catalog.notifications.publishing import NotifierProcess


class Command(BaseCommand):
    help = "Publish notifications; runs until SIGTERM."
    requires_system_checks = []

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        migrations_state.require()
        NotifierProcess().run()
