"""What a measured service must offer to the harness."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

Role = Literal["member", "admin"]


class BenchmarkError(Exception):
    """The measurement cannot go on, or would be worthless: a wrong answer, a service that does not start."""


class Subject(ABC):
    """A running Images v2 service on loopback."""

    name: ClassVar[str]
    prefix: ClassVar[str] = ""
    port: int

    @abstractmethod
    def start(self) -> None:
        """Bring the service up on an empty database; return when it answers."""

    @abstractmethod
    def stop(self) -> None: ...

    @abstractmethod
    def root_pid(self) -> int:
        """The process whose descendants, with itself, are the service."""

    @abstractmethod
    def project(self) -> str:
        """The measured client's project."""

    @abstractmethod
    def headers(self, role: Role) -> Mapping[str, str]:
        """What authenticates the measured client: as `member,reader` of its project, or as an administrator."""

    @abstractmethod
    def seed(self, count: int, owners: Sequence[str]) -> None:
        """Replace all images by `population.images(count, owners)`, indexes built and tables analysed."""

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """Versions and configuration, for the record; no paths."""

    def path(self, tail: str) -> str:
        """`images` → `/v2/images` below the service's own prefix."""
        return f"{self.prefix}/v2/{tail}"
