"""What apps make known to one another by name: one class for all such registries."""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from typing_extensions import override

V = TypeVar("V")


def same_class(one: object, other: object) -> bool:
    """Whether two values are of one class: for values that are made anew each time an app is set up."""
    return type(one) is type(other)


class Registry(Mapping[str, V]):
    """Values by name, in the order in which they were registered; read as a mapping.

    `what` is a noun for its errors. A name has one value for good: `register` refuses another one, and takes the `same`
    one again, since `AppConfig.ready` may run twice.
    """

    def __init__(self, what: str, *, same: Callable[[V, V], bool] = operator.eq) -> None:
        self._what, self._same = what, same
        self._values: dict[str, V] = {}

    def register(self, name: str, value: V) -> None:
        """Make a value known; called from `AppConfig.ready` or at import. ValueError for a name that has another."""
        if name in self._values and not self._same(self._values[name], value):
            raise ValueError(f"{self._what} {name} is registered twice")
        self._values[name] = value

    @override
    def __getitem__(self, name: str) -> V:
        return self._values[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @override
    def __len__(self) -> int:
        return len(self._values)
