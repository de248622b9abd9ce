"""Nothing secret and nothing personal comes out, and what helps does."""

import json

import pytest

from brewslm.services.support.redaction import Redactor, is_secret_name
from tests.fakes.canaries import Canary, canaries

CANARIES = canaries(1)


def ids(canary: Canary) -> str:
    return canary.kind


@pytest.mark.parametrize("canary", CANARIES, ids=ids)
def test_a_canary_in_a_log_does_not_come_out(canary: Canary) -> None:
    redactor = Redactor()
    line = f"2026-11-28 21:14:00,123 4711 WARNING brewslm.x: {canary.told}\nthe next line"
    redacted = redactor.text(line)
    assert canary.value not in redacted
    assert redacted.startswith("2026-11-28 21:14:00,123 4711 WARNING brewslm.x: ")
    assert redacted.endswith("\nthe next line")
    assert redactor.counts.total() == 1


@pytest.mark.parametrize("canary", CANARIES, ids=ids)
def test_a_canary_in_a_payload_does_not_come_out(canary: Canary) -> None:
    redactor = Redactor()
    told = json.dumps(redactor.value({"error": canary.told, "deep": [{"rows": [canary.told]}], "n": 3}))
    assert json.dumps(canary.value)[1:-1] not in told
    assert json.loads(told)["n"] == 3
    assert redactor.counts.total() == 2


def test_what_is_known_to_be_secret_does_not_come_out_however_it_looks() -> None:
    redactor = Redactor(["hunter2", "a b/c&d", "abc"], {"/home/ada/brew": "<workspace>", "ada-laptop": "<host>"})
    told = "x hunter2 y https://h.example/hunter2/a%20b%2Fc%26d at /home/ada/brew/logs on ada-laptop; abc"
    assert redactor.text(told) == (
        "x <secret> y https://h.example/<secret>/<secret> at <workspace>/logs on <host>; abc"
    )
    assert redactor.counts == {"known secret": 3, "name of this machine or user": 2}


def test_a_private_key_that_is_cut_at_either_end_does_not_come_out() -> None:
    block = next(one for one in CANARIES if one.kind == "private key").told
    lines = block.split("\n")
    assert Redactor().text("\n".join(["a", *lines[:-1]])) == "a\n<secret>"
    assert Redactor().text("\n".join([*lines[2:], "z"])) == "<secret>\nz"
    assert Redactor().text(f"a\n{block}\nb\n{block}\nc") == "a\n<secret>\nb\n<secret>\nc"


def test_fields_with_secret_names_lose_their_values_and_counts_of_tokens_do_not() -> None:
    redactor = Redactor()
    value = {
        "token": "x",
        "num_tokens": 12,
        "hf_token": 5,
        "tokens": [1, 2],
        "webhook_url": "y",
        "plain": "z",
        "key": "",
    }
    assert redactor.value(value) == {
        "token": "<secret>",
        "num_tokens": 12,
        "hf_token": "<secret>",
        "tokens": [1, 2],
        "webhook_url": "<secret>",
        "plain": "z",
        "key": "",
    }


@pytest.mark.parametrize(
    "line",
    [
        "Loss or gradient of step 1,204 is not finite (job 17, exp-001)",
        "max_tokens: 512, tokens=1024, tokens_per_second: 3.25",
        "adapter-0123456789abcdef of 2026-11-28T21:14:00.123456+00:00 has sha256 " + "0af9" * 16,
        "torch 2.13.0, cuda:0, 23.6 GiB free of 24 GiB, seed 1234567",
        "http://127.0.0.1:8000/api/jobs/7 answered 503",
        "eos_token: </s>, token_ids [1, 2, 3]",
    ],
)
def test_what_helps_stays_as_it_was(line: str) -> None:
    assert Redactor().text(line) == line


def test_folders_of_users_do_not_tell_their_names() -> None:
    told = r"/home/ada/x /Users/Grace/y C:\Users\joe\z"
    assert Redactor().text(told) == r"/home/<user>/x /Users/<user>/y C:\Users\<user>\z"


@pytest.mark.parametrize("name", ["BREWSLM_TOKEN", "password", "smtp-password", "aws_secret_access_key", "HTTPS_PROXY"])
def test_names_that_say_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["tokenizer", "num_steps", "keyboard", "tokens_per_second", "authors", "monkey"])
def test_names_that_do_not(name: str) -> None:
    assert not is_secret_name(name)
