"""What differs between two events of one cause is masked, and what tells two causes apart is not."""

import random

import pytest

from benchmarks.audit import purity_and_completeness
from benchmarks.causes import CAUSES
from brewslm.services.audit.signature import MAX_CHARACTERS, signature_of

NUM_MESSAGES = 40


def test_planted_causes_are_told_apart_and_no_cause_is_split() -> None:
    rng = random.Random(3)
    said = [(number, cause.say(rng)) for number, cause in enumerate(CAUSES) for _ in range(NUM_MESSAGES)]
    assert len({message for _, message in said}) > len(said) // 2
    pairs = [(number, signature_of(message)) for number, message in said]
    purity, completeness = purity_and_completeness(pairs)
    split = {CAUSES[number].template: sorted({one for other, one in pairs if other == number}) for number, _ in pairs}
    assert {template: found for template, found in split.items() if len(found) > 1} == {}
    assert (purity, completeness) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "signature"),
    [
        ("job 7 failed", "job 1,024 failed", "job <n> failed"),
        ("train-7 ended", "train-1203 ended", "train-<n> ended"),
        ("at '/a b/c.csv', line 3", "at '/home/x y/z', line 12", "at <path>, line <n>"),
        ("see ~/x/worker.log:12", "see /srv/y/worker.log:4", "see <path>:<n>"),
        (r"see C:\Users\me\a.txt now", r"see D:\b.txt now", "see <path> now"),
        ("rows.jsonl is empty", "a-b.csv is empty", "<path> is empty"),
        ("data/train/rows.jsonl is empty", "x/a-b.csv is empty", "<path> is empty"),
        ("snapshot-0123456789abcdef is gone", "snapshot-fedcba9876543210 is gone", "<id> is gone"),
        ("commit 9f8e7d6c5b4a is old", "commit 1a2b3c4 is old", "commit <id> is old"),
        (
            "id 123e4567-e89b-12d3-a456-426614174000 is taken",
            "id 00000000-e89b-12d3-a456-4266141740ff is taken",
            "id <id> is taken",
        ),
        ("since 2026-01-02T03:04:05.6Z", "since 2026-11-30 23:59 UTC", "since <time>"),
        ("at 03:04:05", "at 23:59", "at <time>"),
        ("GET https://a.example/x?y=1 failed", "GET http://b.example failed", "GET <address> failed"),
        ("host 10.0.0.7:80 is away", "host 192.168.1.1 is away", "host <address> is away"),
        ("mail to a.b@c.example bounced", "mail to d@e.example bounced", "mail to <address> bounced"),
        ("needs 12.5 GiB", "needs 900 MB", "needs <size>"),
        ("after 3.2 s", "after 2 h 05 min", "after <duration>"),
        ("1 row is bad", "12 rows are bad", "<n> row bad"),
        ("ids 1, 2 and 3 clash", "ids 4 and 9 clash", "ids <n> clash"),
        ("loss 1e-05 of -3", "loss 2.5 of nan", "loss <n> of <n>"),
        ("GPU cuda:0 is lost", "GPU cuda:7 is lost", "GPU cuda:<n> is lost"),
    ],
)
def test_two_events_of_one_cause_have_one_signature(one: str, other: str, signature: str) -> None:
    assert signature_of(one) == signature
    assert signature_of(other) == signature


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x answered HTTP 404", "x answered HTTP 503"),
        ("it ended with exit code 1", "it ended with exit code 137"),
        ("it was ended by signal 9", "it was ended by signal 11"),
        ("[Errno 28] writing failed", "[Errno 13] writing failed"),
        ("the package 'peft' is missing", "the package 'torch' is missing"),
        ("float16 is not supported", "float32 is not supported"),
        ("torch.OutOfMemoryError", "torch.AcceleratorError"),
        ("the loss is not finite", "the gradient is not finite"),
    ],
)
def test_two_causes_have_two_signatures(one: str, other: str) -> None:
    assert signature_of(one) != signature_of(other)


def test_a_signature_is_one_short_line() -> None:
    assert signature_of("a\n  b\tc") == "a b c"
    assert len(signature_of("word " * 10_000)) <= MAX_CHARACTERS
