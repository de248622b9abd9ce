"""Metrics agree with the libraries that the field uses, and are of the rows that have them."""

import json
import math

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.chrf import CHRF
from sklearn import metrics as peers

from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.metrics import METRICS, MetricName
from brewslm.core.evaluation.pack import EvalTask
from brewslm.stages.evaluate.measures.catalogue import measured
from brewslm.stages.evaluate.statistics import compare_pairs

WORDS = ["the", "cat", "sat", "on", "a", "mat,", "and", "its", "2nd", "hat", "fell;", "I", "don't", "know", "Why"]
LABELS = ("cash", "card", "pin", "loan")
GENERATOR = np.random.default_rng(8)


def task(*names: MetricName) -> EvalTask:
    return EvalTask(id="t", metrics=names)


def sentence() -> str:
    return " ".join(GENERATOR.choice(WORDS, size=int(GENERATOR.integers(1, 14))))


def row(number: int, **changed: object) -> ScoredRow:
    plain = {"id": str(number), "num_tokens": 3, "num_bytes": 7, "prompt": "?", "expected": "", "base_loss": 2.0}
    return ScoredRow(**{**plain, **changed})  # type: ignore[arg-type]


def values(name: MetricName, rows: list[ScoredRow]) -> tuple[float, float]:
    """The metric of base and tuned."""
    found = measured(name, rows, task(name), LABELS)
    assert found is not None
    (compared,) = compare_pairs([found.paired], seed=1, num_resamples=20)
    return compared.base, compared.tuned


def test_labels_are_scored_as_scikit_learn_scores_them() -> None:
    for _ in range(20):
        count = int(GENERATOR.integers(1, 60))
        truth, base, tuned = (GENERATOR.choice(LABELS, size=count).tolist() for _ in range(3))
        rows = [
            row(number, label=truth[number], base_label=base[number], tuned_label=tuned[number])
            for number in range(count)
        ]
        for name, peer in (
            ("accuracy", peers.accuracy_score),
            ("macro_f1", lambda right, said: peers.f1_score(right, said, average="macro", zero_division=0)),
        ):
            assert values(name, rows) == pytest.approx((peer(truth, base), peer(truth, tuned)), abs=1e-9)  # type: ignore[arg-type]


def test_texts_are_scored_as_rouge_score_and_sacrebleu_score_them() -> None:
    scorer, peer = RougeScorer(["rougeL"], use_stemmer=False), CHRF()
    rows = [row(number, expected=sentence(), base_answer=sentence(), tuned_answer=sentence()) for number in range(60)]
    for who, place in (("base", 0), ("tuned", 1)):
        answers = [str(getattr(one, f"{who}_answer")) for one in rows]
        rouge = [
            scorer.score(one.expected, answer)["rougeL"].fmeasure for one, answer in zip(rows, answers, strict=True)
        ]
        chrf = [peer.sentence_score(answer, [one.expected]).score for one, answer in zip(rows, answers, strict=True)]
        assert values("rouge_l", rows)[place] == pytest.approx(np.mean(rouge), abs=1e-9)
        assert values("chrf", rows)[place] == pytest.approx(np.mean(chrf), abs=1e-9)


def test_losses_are_per_token_and_per_byte() -> None:
    rows = [row(0, base_loss=6.0, tuned_loss=3.0), row(1, num_tokens=1, num_bytes=1, base_loss=2.0, tuned_loss=1.0)]
    assert values("loss", rows) == (2.0, 1.0)
    assert values("perplexity", rows) == pytest.approx((math.exp(2), math.e))
    assert values("bits_per_byte", rows) == pytest.approx((1 / math.log(2), 0.5 / math.log(2)))


def test_calibration_is_the_distance_of_sureness_from_being_right() -> None:
    sure = [(0.95, True), (0.95, False), (0.35, False), (1.0, True)]
    rows = [
        row(
            number,
            label="pin",
            base_label="pin",
            tuned_label="pin" if is_right else "cash",
            base_confidence=1.0,
            tuned_confidence=confidence,
        )
        for number, (confidence, is_right) in enumerate(sure)
    ]
    base, tuned = values("ece", rows)
    assert base == 0.0
    assert tuned == pytest.approx((abs(0.95 + 0.95 + 1.0 - 2) + 0.35) / 4)


@pytest.mark.parametrize(
    ("answer", "valid", "complies", "fields", "spans"),
    [
        ('{"name": "Ada Byron", "age": 36}', 1, 1, 1.0, 1.0),
        ('{"age": 36.0, "name": "Ada King"}', 1, 1, 0.0, 0.5),
        ('{"name": "Ada Byron"}', 1, 0, 2 / 3, 1.0),
        ('```json\n{"name": "Ada Byron", "age": 36}\n```', 0, 0, 0.0, 0.0),
        ("Ada", 0, 0, 0.0, 0.0),
        ('{"name": NaN}', 0, 0, 0.0, 0.0),
    ],
)
def test_json_is_scored_by_form_by_field_and_by_word(
    answer: str, valid: int, complies: int, fields: float, spans: float
) -> None:
    rows = [row(0, expected='{"name": "Ada Byron", "age": 36}', base_answer="", tuned_answer=answer)]
    wanted = {"json_validity": valid, "schema_compliance": complies, "field_f1": fields, "span_f1": spans}
    assert {name: values(name, rows)[1] for name in wanted} == pytest.approx(wanted)  # type: ignore[arg-type]


def test_calls_are_found_whatever_stands_around_them() -> None:
    wanted = json.dumps([{"name": "pay", "arguments": '{"to":"Ada","euro":3}'}])
    said = '<tool_call>\n{"name": "pay", "arguments": {"euro": 3, "to": "Ada"}}\n</tool_call>'
    other = '{"function": {"name": "pay", "arguments": "{\\"euro\\": 4}"}}'
    rows = [row(0, tool_calls=wanted, base_answer=other, tuned_answer=said)]
    assert values("tool_name_accuracy", rows) == (1.0, 1.0)
    assert values("tool_call_accuracy", rows) == (0.0, 1.0)


def test_a_label_in_other_words_is_unparseable_and_one_in_capitals_is_not() -> None:
    rows = [row(0, label="pin", base_answer="the pin", tuned_answer=" PIN\n")]
    assert values("unparseable_rate", rows) == (1.0, 0.0)
    assert values("generated_accuracy", rows) == (0.0, 1.0)


def test_refusals_count_only_where_they_are_right_and_only_where_they_are_wrong() -> None:
    rows = [
        row(0, is_unanswerable=True, base_answer="Paris", tuned_answer="Sorry, I don't know."),
        row(1, base_answer="Paris", tuned_answer="I do not  know"),
    ]
    assert values("refusal_rate", rows) == (0.0, 1.0)
    assert values("false_refusal_rate", rows) == (0.0, 1.0)


def test_answers_are_timed_and_their_ends_are_counted() -> None:
    seen = {"base_is_stopped": False, "tuned_is_stopped": True, "base_seconds": 2.0, "tuned_seconds": 1.0}
    rows = [row(0, **seen, base_num_new_tokens=10, tuned_num_new_tokens=10)]
    assert values("stop_rate", rows) == (0.0, 1.0)
    assert values("answer_seconds", rows) == (2.0, 1.0)
    assert values("tokens_per_second", rows) == (5.0, 10.0)


def test_preferences_are_scored_by_the_likelier_answer() -> None:
    rows = [row(0, base_margin=-0.5, tuned_margin=0.5), row(1, base_margin=0.25, tuned_margin=1.5)]
    assert values("preference_accuracy", rows) == (0.5, 1.0)
    assert values("preference_margin", rows) == (-0.125, 1.0)


@pytest.mark.parametrize("name", [name for name in METRICS if METRICS[name].needs != "losses"])
def test_a_metric_of_rows_that_have_not_what_it_needs_is_missing(name: MetricName) -> None:
    assert measured(name, [row(0)], task(name), LABELS) is None
