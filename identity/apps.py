from django.apps import AppConfig
from typing_extensions import override

from catalog import policy
from identity import endpoints, policies


class IdentityAppConfig(AppConfig):
    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        from identity import checks  # noqa: F401, PLC0415 - registers; models must be loaded first

        policy.register(policies.DEFAULTS)
        endpoints.register(*endpoints.BUILT_IN)
