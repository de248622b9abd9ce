"""Where work can be done: this machine, and the clusters that `config/engines.yaml` describes."""

from typing import Annotated

from fastapi import APIRouter, Query

from brewslm.api.deps import HouseOf
from brewslm.core.engines.names import EngineName
from brewslm.core.ports.engines.clusters import ClusterLook
from brewslm.services.engines.book import EngineReport, Engines

router = APIRouter(prefix="/engines", tags=["engines"])


@router.get("")
def list_engines(house: HouseOf) -> tuple[EngineReport, ...]:
    """List the engines, with how much waits and runs on each; asks nothing of a cluster."""
    return Engines(house.ports).report()


@router.post("/check")
def check_engines(
    house: HouseOf, name: Annotated[EngineName | None, Query(description="Only this one.")] = None
) -> tuple[ClusterLook, ...]:
    """Ask the clusters that are described whether they would take work; starts nothing there."""
    return Engines(house.ports).look(name)
