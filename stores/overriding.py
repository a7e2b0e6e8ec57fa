"""`override` where the standard library has it; before Python 3.12 type checkers alone see it."""

import sys
from typing import TYPE_CHECKING, TypeVar

T = TypeVar("T")

if sys.version_info >= (3, 12):
    from typing import override
elif TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: T) -> T:
        """Return the method as it is."""
        return method


__all__ = ["override"]
