"""Traffic: shifts are seen with enough requests, and with few nothing is said."""

import random
from datetime import UTC, datetime

from brewslm.core.drift.traffic import compare, worst
from brewslm.core.ids import ProjectId
from brewslm.core.serving.host import LoggedRequest


def requests(number: int, seed: int, *, length: float = 40.0, words: int = 64) -> list[LoggedRequest]:
    chance = random.Random(seed)
    return [
        LoggedRequest(
            at=datetime(2026, 1, 1, tzinfo=UTC),
            project_id=ProjectId(1),
            version=1,
            key_id=1,
            route="chat/completions",
            status=200,
            seconds=1.0,
            prompt_tokens=max(1, round(chance.gauss(length, 10))),
            completion_tokens=max(1, round(chance.gauss(30, 8))),
            mean_logprob=chance.gauss(-0.5, 0.1),
            finish_reason="stop",
            is_refusal=chance.random() < 0.02,
            word_buckets=tuple(chance.randrange(words) for _ in range(10)),
        )
        for _ in range(number)
    ]


def test_few_requests_say_nothing() -> None:
    assert worst(compare(requests(99, 1), requests(500, 2, length=90))) == "not_enough_data"


def test_the_same_traffic_passes() -> None:
    checks = compare(requests(300, 1), requests(300, 2))
    assert {check.name for check in checks} >= {"prompt length", "vocabulary", "log-probability", "refusals"}
    assert worst(checks) == "passing"


def test_longer_prompts_and_other_words_are_told_by_name() -> None:
    checks = {check.name: check for check in compare(requests(200, 1), requests(200, 2, length=60, words=24))}
    drifted = {name for name, check in checks.items() if check.verdict == "drift"}
    assert drifted == {"prompt length", "vocabulary"}


def test_a_small_shift_with_many_requests_is_borderline() -> None:
    checks = {check.name: check for check in compare(requests(1000, 1), requests(1000, 2, length=43.5))}
    assert checks["prompt length"].verdict == "borderline"
