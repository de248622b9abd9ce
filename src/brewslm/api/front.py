"""The Studio is shown at once, while the routes behind it are still being loaded.

Most of a server's start goes into modules that the page does not need. A request for data that comes before they are
there waits for them.
"""

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from brewslm.api.studio import studio_routes


class Front:
    """Answers for the Studio itself, and passes everything else on to the API."""

    def __init__(self, load: Callable[[], Starlette], *, give_up: Callable[[], None]) -> None:
        """Prepare to load.

        Args:
            load: builds the API; called once, in a thread, when the server starts.
            give_up: ends the server; called where that fails.
        """
        self.failure: Exception | None = None
        """What went wrong in loading."""
        self._load = load
        self._give_up = give_up
        self._studio = Router(routes=studio_routes())
        self._api: asyncio.Future[ASGIApp] | None = None
        self._stopping = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif not await self._is_shown(scope, receive, send):
            assert self._api is not None  # noqa: S101 - servers say that they start before they pass a request on
            api = await asyncio.shield(self._api)
            await api(scope, receive, send)

    async def _is_shown(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer with a file of the Studio, where it is one; the API has the words for one that is missing."""
        if not any(route.matches(scope)[0] is Match.FULL for route in self._studio.routes):
            return False
        try:
            await self._studio({**scope}, receive, send)
        except HTTPException:
            return False
        return True

    async def _live(self, receive: Receive, send: Send) -> None:
        """Say that the server may listen before the API is there, and end with it."""
        self._api = asyncio.get_running_loop().create_future()
        await receive()
        api = asyncio.create_task(self._run(self._api))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stopping.set()
        await api
        await send({"type": "lifespan.shutdown.complete"})

    async def _run(self, ready: asyncio.Future[ASGIApp]) -> None:
        try:
            api = await run_in_threadpool(self._load)
            async with api.router.lifespan_context(api):
                ready.set_result(api)
                await self._stopping.wait()
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no server without the API
            self.failure = error
            ready.cancel()
            self._give_up()
