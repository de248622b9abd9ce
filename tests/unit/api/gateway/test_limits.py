"""Limits: a key's rate, and the line before an endpoint."""

import asyncio

import pytest

from brewslm.api.gateway.errors import GatewayError
from brewslm.api.gateway.limits import Rates, Turnstile
from brewslm.core.serving.host import EndpointSettings


def test_a_key_gets_its_requests_a_minute_and_hears_when_there_are_more() -> None:
    now = [0.0]
    rates = Rates(clock=lambda: now[0])
    for _ in range(60):
        rates.spend(1, 60)
    with pytest.raises(GatewayError) as caught:
        rates.spend(1, 60)
    assert (caught.value.status, caught.value.retry_after) == (429, pytest.approx(1.0))
    rates.spend(2, 60)
    now[0] = 1.0
    rates.spend(1, 60)


def test_a_turnstile_lets_so_many_in_and_the_others_in_their_order() -> None:
    async def life() -> None:
        settings = EndpointSettings(max_streams=2, max_queued=3, queue_seconds=60)
        turnstile, entered = Turnstile(), []

        async def visit(name: int) -> None:
            await turnstile.enter(settings)
            entered.append(name)

        tasks = [asyncio.create_task(visit(number)) for number in range(5)]
        await asyncio.sleep(0)
        assert entered == [0, 1]
        with pytest.raises(GatewayError) as caught:
            await turnstile.enter(settings)
        assert caught.value.status == 429
        tasks[2].cancel()
        await asyncio.gather(tasks[2], return_exceptions=True)
        turnstile.leave()
        await tasks[3]
        tasks[4].cancel()
        turnstile.leave()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert entered == [0, 1, 3]
        turnstile.leave()
        await asyncio.wait_for(turnstile.enter(settings), 60)
        await asyncio.wait_for(turnstile.enter(settings), 60)

    asyncio.run(life())


def test_who_waits_too_long_is_told_to_come_again() -> None:
    async def life() -> None:
        settings = EndpointSettings(max_streams=1, queue_seconds=0.01)
        turnstile = Turnstile()
        await turnstile.enter(settings)
        with pytest.raises(GatewayError) as caught:
            await turnstile.enter(settings)
        assert caught.value.retry_after is not None
        turnstile.leave()
        await turnstile.enter(settings)

    asyncio.run(life())
