from django.apps import AppConfig
from typing_extensions import override

from catalog import policy
from identity import checks, endpoints, policies


class IdentityAppConfig(AppConfig):
    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        checks.register_all()
        policy.register(policies.DEFAULTS)
        endpoints.register(*endpoints.BUILT_IN)
