from django.apps import AppConfig
from typing_extensions import override


class SearchAppConfig(AppConfig):
    name = "search"

    @override
    def ready(self) -> None:
        from catalog import policy  # noqa: PLC0415 - apps must be there
        from catalog.indexing.documents import sources  # noqa: PLC0415 - apps must be there
        from search import checks, policies  # noqa: F401, PLC0415 - registers its checks

        policy.register(policies.defaults(sources()))
