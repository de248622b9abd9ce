"""Plugins that convert records of a layout that nobody foresaw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from brewslm.core.data.example import Shape
from brewslm.core.errors import MapperError


class Mapper(Protocol):
    """What a plugin offers: the object that an entry point of the group `brewslm.mappers` names."""

    @property
    def shape(self) -> Shape:
        """The shape of its examples."""

    def propose(self, records: Sequence[dict[str, Any]]) -> float:
        """Say from a sample how sure it is that the records are of its layout, from 0 to 1."""

    def convert(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the record in the columns that the roles of its shape are called by, such as `prompt`, `completion`.

        An exception rejects the row, and so does anything but a JSON object. Other scalar columns become metadata.
        """


@dataclass(frozen=True, slots=True)
class InstalledMapper:
    """A plugin that could be loaded."""

    name: str
    """The entry point and the version of its distribution, `tickets 1.2`: what a plan names."""
    mapper: Mapper


class Mappers(Protocol):
    """The plugins of this installation."""

    def installed(self) -> tuple[tuple[InstalledMapper, ...], tuple[str, ...]]:
        """Load them all; return those that could be loaded, by name, and what is wrong with the others."""

    def find(self, name: str) -> Mapper:
        """Return the one that a plan names.

        Raises:
            MapperError: it is not installed in this version, or cannot be loaded.
        """


class NoMappers:
    """Implements `Mappers` where there are none."""

    def installed(self) -> tuple[tuple[InstalledMapper, ...], tuple[str, ...]]:
        """Nothing, and nothing wrong."""
        return (), ()

    def find(self, name: str) -> Mapper:
        """Raise.

        Raises:
            MapperError: always.
        """
        raise MapperError(f"the mapper {name!r} is not installed here; install it, or choose another mapping")
