"""Who answers a request: by the name that it asks for, and the conversation that it belongs to."""

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ProjectId
from brewslm.services.endpoint.trial import trial_of
from brewslm.services.endpoint.unit import BASE_SUFFIX, BASE_VERSION, TRIAL_VERSION, Unit

_VERSIONED = re.compile(r"(?P<project>.+)@v(?P<version>[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Routes:
    """Of one project."""

    project_id: ProjectId
    live: Unit | None
    canaries: tuple[tuple[Unit, float], ...] = ()
    base: Unit | None = None
    trial: Unit | None = None
    refused: str | None = None
    """Why the release that should answer does not."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A process that answers one request; given back at its end."""

    unit: Unit
    version: int
    model: str
    """Its name there."""
    shown_model: str
    """Its name for clients."""
    address: str
    """The base of its OpenAI API."""
    token: str


class Routing:
    """The table that the fleet writes and requests read."""

    def __init__(self) -> None:
        """Begin with nothing served."""
        self._routes: Mapping[str, Routes] = {}
        self._guard = threading.Lock()

    def put(self, routes: Mapping[str, Routes]) -> None:
        """Take the place of what was there."""
        with self._guard:
            self._routes = routes

    def is_answering(self, unit: Unit) -> bool:
        """Whether requests are sent to it."""
        with self._guard:
            routes = tuple(self._routes.values())
        units = [
            one
            for each in routes
            for one in (each.live, each.base, each.trial, *(canary for canary, _ in each.canaries))
        ]
        return any(one is unit for one in units)

    def routes(self) -> Mapping[str, Routes]:
        """Of every project that is served, by its name."""
        with self._guard:
            return self._routes

    def names(self, project_id: ProjectId) -> tuple[str, ...]:
        """The names under which a project can be asked now."""
        found = []
        for name, routes in self.routes().items():
            if routes.project_id == project_id:
                units = (routes.live, *(unit for unit, _ in routes.canaries))
                found += [name, *(unit.model for unit in units if unit is not None and unit.ready is not None)]
        return tuple(found)

    def take(self, model: str, project_id: ProjectId, conversation: str, *, is_open: bool = False) -> Lease | None:
        """Choose who answers; None while nobody is ready. Give it back with `give_back`.

        Args:
            model: the name of a project, alone or with `@v3`.
            project_id: that which the key is for.
            conversation: requests of one conversation are answered by one release.
            is_open: whether base model and checkpoints may be asked, too.

        Raises:
            NotFoundError: this key's endpoint has no such model.
        """
        with self._guard:
            routes, version = self._find(model, project_id, is_open=is_open)
            unit = _choose(routes, conversation) if version is None else _version(routes, version, model)
            name = model if version == TRIAL_VERSION or unit is None else unit.model
            if unit is None or not unit.is_up or unit.ready is None or unit.process is None:
                return None
            unit.num_in_flight += 1
            there = unit.upstream.model if unit.upstream is not None and unit.upstream.model else name
            address = unit.process.base_url(unit.ready)
            return Lease(unit, unit.told_version, there, name, address, unit.process.token)

    def refusal(self, model: str, project_id: ProjectId) -> str | None:
        """Say why a base model or a checkpoint does not answer; None where it may yet."""
        with self._guard:
            found = [one for one in self._routes.values() if one.project_id == project_id]
        units = [unit for routes in found for unit in (routes.base, routes.trial) if unit is not None]
        for unit in units:
            trial = unit.trial_named(model)
            if trial is not None and (unit.refused or trial in unit.unfit):
                return unit.refused or unit.unfit[trial]
        return next((unit.refused for unit in units if unit.model == model), None)

    def give_back(self, lease: Lease, *, is_lost: bool = False) -> None:
        """The request is over; `is_lost` says that the process did not answer it."""
        with self._guard:
            lease.unit.num_in_flight -= 1
            lease.unit.is_suspect |= is_lost

    def _find(self, model: str, project_id: ProjectId, *, is_open: bool) -> tuple[Routes, int | None]:
        version = None
        routes = self._routes.get(model)
        if routes is None and is_open and model.endswith(BASE_SUFFIX):
            routes, version = self._routes.get(model.removesuffix(BASE_SUFFIX)), BASE_VERSION
        elif routes is None and is_open and (tried := trial_of(model)):
            routes, version = self._routes.get(tried[0]), TRIAL_VERSION
        elif routes is None and (match := _VERSIONED.fullmatch(model)):
            routes, version = self._routes.get(match["project"]), int(match["version"])
        if routes is None or routes.project_id != project_id:
            message = f"The model {model!r} does not exist, or this key is not for it."
            raise NotFoundError(message)
        return routes, version


def _version(routes: Routes, version: int, model: str) -> Unit | None:
    if version == BASE_VERSION:
        return routes.base
    if version == TRIAL_VERSION:
        if routes.base is not None and routes.base.trial_named(model) in routes.base.tried:
            return routes.base
        return routes.trial if routes.trial is not None and routes.trial.model == model else None
    for unit in (routes.live, *(unit for unit, _ in routes.canaries)):
        if unit is not None and unit.row.version == version:
            return unit
    raise NotFoundError(f"The model {model!r} is not being served; only live and canary releases are.")


def _choose(routes: Routes, conversation: str) -> Unit | None:
    """Send a conversation to a canary or to the live release, the same one every time."""
    # With other canaries other conversations come first, so that it is not always the same people.
    canaries = ",".join(str(unit.row.version) for unit, _ in routes.canaries)
    digest = hashlib.sha256(f"{canaries}:{conversation}".encode()).digest()
    place, reached = int.from_bytes(digest[:8]) / 2**64, 0.0
    for unit, share in routes.canaries:
        reached += share
        if place < reached:
            return unit if unit.is_up else routes.live
    return routes.live
