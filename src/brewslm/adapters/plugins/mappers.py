"""Mappers that other distributions bring along, found by their entry points. A broken one never stops the others."""

from importlib.metadata import EntryPoint, entry_points
from typing import get_args

from brewslm.core.data.example import Shape
from brewslm.core.errors import MapperError
from brewslm.core.mapping.deadline import within
from brewslm.core.ports.mappers import InstalledMapper, Mapper

GROUP = "brewslm.mappers"
LOAD_SECONDS = 10.0


class EntryPointMappers:
    """Implements `Mappers`."""

    def installed(self) -> tuple[tuple[InstalledMapper, ...], tuple[str, ...]]:
        """Load them all; return those that could be loaded, by name, and what is wrong with the others."""
        found: dict[str, InstalledMapper] = {}
        problems: list[str] = []
        for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
            name = _name_of(point)
            if name in found:
                problems.append(f"the mapper {name!r} is installed twice; the first is taken")
                continue
            try:
                found[name] = InstalledMapper(name, _load(point))
            except MapperError as error:
                problems.append(str(error))
        return tuple(found.values()), tuple(problems)

    def find(self, name: str) -> Mapper:
        """Return the one that a plan names.

        Raises:
            MapperError: it is not installed in this version, or cannot be loaded.
        """
        points = list(entry_points(group=GROUP))
        for point in points:
            if _name_of(point) == name:
                return _load(point)
        known = ", ".join(sorted(map(_name_of, points))) or "none"
        message = (
            f"the mapper {name!r} is not installed here (there are: {known}); install it, or map the snapshot anew"
        )
        raise MapperError(message)


def _name_of(point: EntryPoint) -> str:
    version = point.dist.version if point.dist is not None else "0"
    return f"{point.name} {version}"


def _load(point: EntryPoint) -> Mapper:
    """Import a plugin, in limited time.

    Raises:
        MapperError: it cannot be imported, takes too long, or is no mapper.
    """
    name = _name_of(point)
    try:
        loaded = within(LOAD_SECONDS, point.load)
        mapper: Mapper = loaded() if isinstance(loaded, type) else loaded
        shape = mapper.shape
    except TimeoutError:
        raise MapperError(f"the mapper {name!r} was not loaded within {LOAD_SECONDS:.0f} s; repair it") from None
    except Exception as error:
        what = f"{type(error).__name__}: {error}"[:300]
        raise MapperError(f"the mapper {name!r} cannot be loaded ({' '.join(what.split())}); repair it") from error
    if shape not in get_args(Shape):
        raise MapperError(f"the mapper {name!r} is of the shape {shape!r}, which there is not; repair it")
    if not callable(getattr(mapper, "propose", None)) or not callable(getattr(mapper, "convert", None)):
        raise MapperError(f"the mapper {name!r} has no `propose` or no `convert`; repair it")
    return mapper
