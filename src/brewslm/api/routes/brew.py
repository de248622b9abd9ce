"""Code first: what the served folder holds, and running it as `brewslm start` does in a terminal."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from brewslm.api.deps import LARGEST, HouseOf
from brewslm.bootstrap.house import House
from brewslm.core.brew.trainer import BrewState
from brewslm.services.brewing.brews import Stopping

router = APIRouter(tags=["code first"])

LOOK_SECONDS = 0.2
_TEXT = "text/plain; charset=utf-8"
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What `brewslm start` writes, as it writes it. Leaving does not stop the run.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get("/manifest")
def manifest(house: HouseOf) -> BrewState:
    """Say what `brew.py`, else `brewslm.yaml`, of the served folder asks for; edits are read at once."""
    return house.brews.state()


@router.post("/train", response_class=StreamingResponse, responses=_STREAM)
async def train(request: Request, house: HouseOf) -> StreamingResponse:
    """Run `brewslm start` on the served folder and stream its output; it goes on when the reader leaves."""
    await run_in_threadpool(house.brews.start)
    return StreamingResponse(_pieces(request, house, 0), media_type=_TEXT)


@router.get("/train/output", response_class=StreamingResponse, responses=_STREAM)
async def output(
    request: Request,
    house: HouseOf,
    offset: Annotated[int, Query(ge=0, le=LARGEST, description="From this byte on.")] = 0,
) -> StreamingResponse:
    """Stream the output of the run that was started last, from its beginning or a byte on, until it ends."""
    first = await run_in_threadpool(house.brews.output, offset)
    del first  # only to refuse before the answer begins
    return StreamingResponse(_pieces(request, house, offset), media_type=_TEXT)


@router.post("/train/stop", status_code=202)
def stop(house: HouseOf) -> Stopping:
    """Ask the run in flight to stop, and say what that stops."""
    return house.brews.stop()


async def _pieces(request: Request, house: House, offset: int) -> AsyncIterator[bytes]:
    while not request.app.state.hub.is_closing:
        piece = await run_in_threadpool(house.brews.output, offset)
        if piece.text:
            offset += len(piece.text)
            yield piece.text
        elif piece.is_over:
            return
        else:
            await asyncio.sleep(LOOK_SECONDS)
