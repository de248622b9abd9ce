"""What this server is and knows: health, stages, reasons, samples."""

import importlib.metadata
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request

from brewslm.api.deps import HouseOf
from brewslm.api.door import Door
from brewslm.core.artifacts.base import ArtifactKind
from brewslm.core.events.reasons import TAXONOMY, EventStage, Reason, Severity
from brewslm.core.health.layers import SourcedValue
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.fields import RecipeField, recipe_fields
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.lifecycle import LIFECYCLE

router = APIRouter(tags=["about"])

VERSION = importlib.metadata.version("brewslm")


class WatcherFacts(Value):
    """Who watches the trainings."""

    name: str
    state: Literal["ok", "lost"]
    """`lost`: it gave no sign of life by its deadline."""
    owner: str
    beat_at: datetime


class Health(Value):
    """This server answers."""

    status: Literal["ok"] = "ok"
    version: str = VERSION
    watchers: tuple[WatcherFacts, ...] = ()


class StageFacts(Value):
    """One row of the lifecycle."""

    number: int
    name: StageName
    title: str
    is_optional: bool
    consumes: tuple[ArtifactKind, ...]
    produces: ArtifactKind
    before: dict[str, str]
    """Check to sentence."""
    after: dict[str, str]
    inputs: dict[str, Any]
    """JSON Schema of what the stage is asked for."""


class ReasonFacts(Value):
    """One row of the taxonomy."""

    reason: Reason
    stage: EventStage
    severity: Severity
    meaning: str
    next_step: str


class Sample(Value):
    """A bundled sample."""

    name: str
    locator: str
    prompts: tuple[str, ...]


@router.get("/health")
def health(house: HouseOf) -> Health:
    """Say that the server answers, that its database can be read, and who watches the trainings."""
    house.jobs.list(limit=1)
    watchers = tuple(
        WatcherFacts(name=one.name, state="lost" if one.is_lost else "ok", owner=one.owner, beat_at=one.beat_at)
        for one in house.watchers.all()
    )
    return Health(watchers=watchers)


class Address(Value):
    """Where a browser is let in, once."""

    url: str


@router.post("/login-addresses", status_code=201)
def new_address(request: Request) -> Address:
    """Make an address that lets one browser in, once; `brewslm open` does so."""
    door: Door = request.app.state.door
    return Address(url=f"http://{request.headers['host']}{door.new_path()}")


class MachineReport(Value):
    """The machine that trainings of this server run on."""

    facts: MachineFacts
    home: str
    """The workspace."""
    free_disk_bytes: int
    """Of the file system that holds the workspace."""


class ThresholdsReport(Value):
    """What trainings are judged by."""

    file: str
    """Where the workspace's own values belong."""
    values: tuple[SourcedValue, ...]


@router.get("/machine")
def machine(house: HouseOf) -> MachineReport:
    """Look at the machine: cores, memory, GPUs, disk."""
    home = house.settings.home
    return MachineReport(
        facts=house.ports.machine.facts(),
        home=str(home),
        free_disk_bytes=house.ports.machine.free_disk_bytes(home),
    )


@router.get("/thresholds")
def thresholds(house: HouseOf) -> ThresholdsReport:
    """List every threshold that counts, with the file that says it."""
    file = house.settings.home / "config" / "thresholds.yaml"
    return ThresholdsReport(file=str(file), values=house.run_health.thresholds().values)


@router.get("/recipe/fields")
def fields_of_recipe() -> tuple[RecipeField, ...]:
    """List the fields of a recipe: kind, range, default and meaning of each."""
    return recipe_fields()


@router.get("/stages")
def stages() -> tuple[StageFacts, ...]:
    """List the eleven stages, in order."""
    return tuple(
        StageFacts(
            number=number,
            name=stage.name,
            title=stage.title,
            is_optional=stage.optional,
            consumes=stage.consumes,
            produces=stage.produces,
            before={check.name: check.sentence for check in stage.contract.before},
            after={check.name: check.sentence for check in stage.contract.after},
            inputs=stage.inputs.model_json_schema(),
        )
        for number, stage in enumerate(LIFECYCLE, start=1)
    )


@router.get("/reasons")
def reasons() -> tuple[ReasonFacts, ...]:
    """List every reason that an event can have."""
    return tuple(
        ReasonFacts(reason=reason, stage=row.stage, severity=row.severity, meaning=row.meaning, next_step=row.next_step)
        for reason, row in TAXONOMY.items()
    )


@router.get("/samples")
def samples(house: HouseOf) -> tuple[Sample, ...]:
    """List the bundled samples."""
    sources = house.ports.sources
    return tuple(
        Sample(name=name, locator=f"sample:{name}", prompts=sources.sample_prompts(name)) for name in sources.samples()
    )
