"""Personal data is replaced so that conversations stay coherent, JSON stays JSON, and nothing of it is kept."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from brewslm.core.artifacts.cleaning import CleaningPlan, PiiRule
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.data.example import Example, Message, ToolCall
from brewslm.core.errors import GateRefusedError, InvalidRequestError
from brewslm.core.events.reasons import Reason
from brewslm.stages.clean import CLEAN
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.clean.mending import Mended, Mender
from brewslm.stages.clean.pii.presidio import open_analyzer, presidio_detector
from tests.unit.stages.workbench import Workbench

CARD = "4111 1111 1111 1111"
REDACT = CleaningPlan(pii=PiiRule(policy="redact"))


def mend(example: Example, plan: CleaningPlan = REDACT) -> Mended:
    return Mender(plan).mend(example)


def chat(*texts: str, **more: object) -> Example:
    messages = tuple(Message("assistant" if n % 2 else "user", text) for n, text in enumerate(texts))
    return Example("0" * 16, "chat", messages=messages, **more)  # type: ignore[arg-type]


def test_a_value_keeps_its_placeholder_through_the_conversation() -> None:
    made = mend(chat("I am ann@example.org, he is bob@example.org", "Hello Ann@Example.org!", f"Pay with {CARD}"))
    assert [message.content for message in made.example.messages] == [
        "I am <EMAIL_1>, he is <EMAIL_2>",
        "Hello <EMAIL_1>!",
        "Pay with <CARD_1>",
    ]
    assert made.example.id != "0" * 16
    assert [(find.field, find.kind) for find in made.finds] == [
        ("messages[0].content", "email"),
        ("messages[0].content", "email"),
        ("messages[1].content", "email"),
        ("messages[2].content", "card"),
    ]


def test_numbers_are_the_same_however_they_are_grouped() -> None:
    made = mend(chat(f"{CARD} or {CARD.replace(' ', '')}", "ok"))
    assert made.example.messages[0].content == "<CARD_1> or <CARD_1>"


def test_numbering_goes_on_after_placeholders_that_are_there() -> None:
    made = mend(chat("from <EMAIL_4> to ann@example.org", "ok"))
    assert made.example.messages[0].content == "from <EMAIL_4> to <EMAIL_5>"


def test_redacting_twice_changes_nothing_more() -> None:
    once = mend(chat(f"ann@example.org, {CARD}, +49 30 1234567", "see 192.168.7.20")).example
    again = mend(once)
    assert again.example == once
    assert (again.changes, again.finds) == ([], [])


def test_json_stays_json_and_the_answer_says_the_same_as_the_target() -> None:
    target = json.dumps({"mail": "ann@example.org", "n": [1, 4111111111111111, None, True]}, separators=(",", ":"))
    call = ToolCall("send", json.dumps({"to": "ann@example.org", "note": 'a "quoted" word'}))
    example = Example(
        "0" * 16,
        "chat",
        messages=(Message("user", "I am ann@example.org"), Message("assistant", target, (call,))),
        target_json=target,
        metadata='{"author":"bob@example.org"}',
    )
    made = mend(example).example
    assert json.loads(made.target_json or "") == {"mail": "<EMAIL_1>", "n": [1, "<CARD_1>", None, True]}
    assert made.messages[-1].content == made.target_json
    assert json.loads(made.metadata or "") == {"author": "<EMAIL_2>"}


def test_arguments_of_calls_are_redacted_inside_of_their_json() -> None:
    call = ToolCall("send", json.dumps({"to": "ann@example.org", "ann@example.org": 1}))
    example = Example("0" * 16, "chat", messages=(Message("user", "go"), Message("assistant", "", (call,))))
    arguments = json.loads(mend(example).example.messages[1].tool_calls[0].arguments)
    assert arguments == {"to": "<EMAIL_1>", "ann@example.org": 1}


def test_both_answers_of_a_preference_and_plain_texts_are_redacted() -> None:
    said = (Message("assistant", "ask ann@example.org"),)
    example = chat("who?", chosen=said, rejected=said, text="ann@example.org")
    made = mend(example).example
    assert {made.chosen[0].content, made.rejected[0].content} == {"ask <EMAIL_1>"}
    assert made.text == "<EMAIL_1>"


def test_a_label_is_never_rewritten_but_counted() -> None:
    made = mend(chat("which desk?", "other", label="ann@example.org"))
    assert made.example.label == "ann@example.org"
    assert made.has_label_with_pii


ROWS = [
    {"prompt": "Write to ann@example.org or call +49 30 1234567", "completion": f"I did, and paid with {CARD}."},
    {"prompt": "What is the colour of the sky?", "completion": "It is blue."},
]


def clean(bench: Workbench, policy: str) -> Dataset:
    before = bench.import_dataset("data.jsonl", "\n".join(map(json.dumps, ROWS)))
    plan = CleaningPlan(pii=PiiRule(policy=policy))  # type: ignore[arg-type]
    return bench.run(CLEAN, CleanInputs(dataset_id=before.id, plan=plan))


def test_redaction_leaves_none_of_it_in_any_table_or_body(bench: Workbench) -> None:
    made = clean(bench, "redact")
    written = made.model_dump_json()
    for file in made.files:
        written += str(pq.read_table(Path(bench.shelf.path(file.path))).to_pylist())
    assert not any(value in written for value in ("ann@example.org", "1234567", CARD))
    assert [row["rule"] for row in bench.rows(made, "changes.parquet")] == ["pii_redacted", "pii_redacted"]
    assert {row["kind"] for row in bench.rows(made, "pii.parquet")} == {"email", "phone", "card"}
    assert made.cleaning is not None
    assert made.cleaning.pii == {"card": 1, "email": 1, "phone": 1}
    assert (made.cleaning.num_with_pii, made.cleaning.changed) == (1, {"pii_redacted": 1})
    assert not any(finding.check == "no_personal_data" for finding in bench.findings)


def test_a_warning_changes_nothing_and_says_what_there_is(bench: Workbench) -> None:
    made = clean(bench, "warn")
    assert bench.rows(made, "examples.parquet")[0]["messages"][0]["content"] == ROWS[0]["prompt"]
    seen = next(finding.seen for finding in bench.findings if finding.check == "no_personal_data")
    assert seen == "1 examples hold personal data or secrets: 1 card, 1 email, 1 phone."


def test_a_block_refuses_the_whole_dataset(bench: Workbench) -> None:
    with pytest.raises(GateRefusedError, match=r"^1 of 2 examples hold .* clean with `--pii redact`\.$") as refused:
        clean(bench, "block")
    assert refused.value.code is Reason.CLEANING_PII
    assert refused.value.findings[0].level == "block"


class _Result:
    def __init__(self, entity_type: str, start: int, end: int, score: float) -> None:
        self.entity_type, self.start, self.end, self.score = entity_type, start, end, score


class _Analyzer:
    """Finds Ann, a date, a doubtful town, and the address that the built-in detector finds too."""

    def analyze(self, *, text: str, language: str) -> list[_Result]:
        assert language == "de"
        return [
            _Result("PERSON", 0, 3, 0.85),
            _Result("DATE_TIME", 4, 9, 0.9),
            _Result("LOCATION", 4, 9, 0.2),
            _Result("EMAIL_ADDRESS", text.index("a@"), text.index("a@") + 5, 1.0),
        ]


def test_presidio_adds_to_what_the_built_in_detector_finds() -> None:
    detect = presidio_detector(["person", "email", "location"], "de", _Analyzer)
    text = "Ann today wrote to a@b.co."
    assert [(text[span.start : span.end], span.kind) for span in detect(text)] == [
        ("Ann", "person"),
        ("a@b.co", "email"),
    ]


def test_a_missing_presidio_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "presidio_analyzer", None)
    with pytest.raises(InvalidRequestError, match=r"pip install 'brewslm\[pii\]'") as refused:
        Mender(CleaningPlan(pii=PiiRule(policy="warn", detector="presidio")), open_analyzer)
    assert refused.value.code is Reason.PREFLIGHT_DEPENDENCY
