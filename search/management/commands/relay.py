"""`manage.py relay`: bring what is written into the search index, until stopped."""

from typing import Any

from django.core.management.base import BaseCommand
from typing_extensions import override

from catalog import migrations_state
from search.relay_process import RelayProcess


class Command(BaseCommand):
    help = "Bring what is written into the search index; runs until SIGTERM."
    requires_system_checks = []

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        migrations_state.require()
        RelayProcess().run()
