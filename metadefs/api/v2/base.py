"""What all views of the dialect share."""

from typing import ClassVar

from catalog.api.error_responses import Dialect
from catalog.api.openstack_errors import OpenStackDialect
from catalog.api.views import CatalogView
from metadefs.models import Namespace
from metadefs.selectors import namespace_for


class MetadefsView(CatalogView):
    """Only the four methods of the dialect; HEAD and OPTIONS are 405, as Images has it."""

    dialect: ClassVar[Dialect] = OpenStackDialect()
    http_method_names: ClassVar[list[str]] = ["get", "post", "put", "delete"]  # type: ignore[misc]  # constant here

    def namespace(self, name: str) -> Namespace:
        return namespace_for(self.actor, name)
