"""Evaluation: base and tuned on the same rows; labels by their exact likelihood."""

from pathlib import Path

import numpy as np
import pytest
import torch

from brewslm.core.data.example import Message
from brewslm.core.wire.order import AskedRows, EvaluateOrder, LabelledRows
from brewslm.worker.answers.chat import Chat, make_chat
from brewslm.worker.evaluate import labels as labels_module
from brewslm.worker.evaluate.evaluation import evaluate
from brewslm.worker.evaluate.labels import likeliest_labels
from brewslm.worker.evaluate.trie import trie_of
from brewslm.worker.failure import BadOrderError
from brewslm.worker.models import attach_adapter, load_model, load_tokenizer, unpacked
from brewslm.worker.train.loop import train
from tests.worker.tiny import VOCAB_SIZE, Scene, records

LABELS = ("card", "cash", "card lost", "c", "pin", "pin blocked", "cash machine")
QUESTIONS = ("I lost it", "where is my money", "x", "why is the pin blocked again?", "cash")


def asked(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


@pytest.fixture(scope="module")
def chat(base: Path) -> Chat:
    return make_chat(load_tokenizer(str(base)), load_model(str(base), precision="float32").generation_config)


@pytest.fixture
def adapter(scene: Scene) -> Path:
    run = scene.run("train")
    return run.folder / train(scene.order(), run).checkpoint / "adapter"


def brute_force(model: torch.nn.Module, prompt: list[int], answer: list[int]) -> float:
    """Log-likelihood of the whole answer, one plain forward pass."""
    with torch.no_grad(), unpacked(model):
        logits = model(input_ids=torch.tensor([prompt + answer]), use_cache=False).logits[0].log_softmax(-1)
    return sum(float(logits[len(prompt) - 1 + place, token]) for place, token in enumerate(answer))


@pytest.mark.parametrize("max_nodes", [1, 24])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_likeliest_label_is_that_of_brute_force(
    base: Path, chat: Chat, max_nodes: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels_module, "MAX_NODES", max_nodes)
    model = load_model(str(base), precision="float32")
    torch.manual_seed(seed)
    for weight in model.parameters():
        weight.data += 0.2 * torch.randn_like(weight)
    prompts = [chat.prompt_ids(asked(text)) for text in QUESTIONS]
    answers = [chat.answer_ids(asked("x"), label) for label in LABELS]
    found, scores = likeliest_labels(model, prompts, trie_of(answers))
    for prompt, label, score in zip(prompts, found, scores, strict=True):
        expected = [brute_force(model, prompt, answer) for answer in answers]
        assert label == int(np.argmax(expected))
        assert score == pytest.approx(max(expected), abs=1e-3)


def test_an_answer_ends_with_the_token_that_ends_the_turn(chat: Chat) -> None:
    ids = chat.answer_ids(asked("hello"), "card")
    assert ids[-1] == 2
    assert chat.text(ids) == "card"
    assert len(ids) == 5


def test_scores_base_and_tuned_in_the_order_of_the_split(scene: Scene, adapter: Path) -> None:
    order = EvaluateOrder(
        base_model=str(scene.base),
        tuned_folder=str(adapter),
        splits={"eval": str(scene.eval), "train": str(scene.train)},
        allowed_labels=LABELS,
        labelled=(LabelledRows(name="test", prompts=tuple(asked(text) for text in QUESTIONS), labels=LABELS[:5]),),
        prompts=(asked("hello"),),
        max_new_tokens=6,
    )
    run = scene.run("evaluate")
    result = evaluate(order, run)
    trained = records(scene.root / "train", "eval")[-1]
    scored = result.splits[0]
    total = sum(scored.num_tokens)
    assert scored.name == "eval"
    assert sum(scored.base_loss) / total == pytest.approx(trained["baseline_loss"], rel=1e-5)
    assert sum(scored.tuned_loss) / total == pytest.approx(trained["eval_loss"], rel=1e-5)
    assert len(result.splits[1].base_loss) == 40
    assert set(result.labelled[0].base) | set(result.labelled[0].tuned) <= set(LABELS)
    assert result.base_answers[0].num_tokens <= 6
    told = [record["fraction"] for record in records(run.folder, "progress")]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_greedy_answer_is_that_of_the_library(scene: Scene, adapter: Path, chat: Chat) -> None:
    order = EvaluateOrder(
        base_model=str(scene.base),
        tuned_folder=str(adapter),
        splits={},
        prompts=(asked("hello there"),),
        max_new_tokens=12,
    )
    result = evaluate(order, scene.run("evaluate"))
    model = attach_adapter(load_model(str(scene.base), precision="float32"), adapter)
    prompt = chat.prompt_ids(asked("hello there"))
    with unpacked(model):
        ids = model.generate(input_ids=torch.tensor([prompt]), max_new_tokens=12, do_sample=False)[0, len(prompt) :]
    answer = result.tuned_answers[0]
    stopped = int(ids[-1]) in chat.stops
    assert answer.is_stopped == stopped
    assert answer.text == chat.text([int(token) for token in ids if int(token) not in chat.stops])


def test_rows_are_answered_timed_and_texts_are_read_under_both(scene: Scene, adapter: Path, chat: Chat) -> None:
    texts = ("hello there", "cash")
    order = EvaluateOrder(
        base_model=str(scene.base),
        tuned_folder=str(adapter),
        splits={},
        allowed_labels=LABELS,
        labelled=(LabelledRows(name="test", prompts=(asked("x"),), labels=("card",)),),
        asked=(AskedRows(name="main", prompts=(asked("hello"), asked("cash")), max_new_tokens=4),),
        texts=texts,
    )
    result = evaluate(order, scene.run("evaluate"))
    (answers,) = result.asked
    assert (answers.name, len(answers.base), len(answers.tuned)) == ("main", 2, 2)
    assert all(0 < one.num_tokens <= 4 and one.seconds > 0 for one in (*answers.base, *answers.tuned))
    base = load_model(str(scene.base), precision="float32")
    ids = [chat.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    assert result.texts is not None
    assert result.texts.base == pytest.approx([-brute_force(base, one[:1], one[1:]) for one in ids], abs=1e-4)
    assert result.texts.tuned != result.texts.base
    (labelled,) = result.labelled
    found = chat.answer_ids(asked("x"), labelled.base[0])
    likelihood = brute_force(base, chat.prompt_ids(asked("x")), found)
    assert labelled.base_log_likelihood[0] == pytest.approx(likelihood, abs=1e-3)


def test_labels_without_allowed_ones_are_refused(scene: Scene, adapter: Path) -> None:
    rows = LabelledRows(name="test", prompts=(asked("x"),), labels=("card",))
    order = EvaluateOrder(base_model=str(scene.base), tuned_folder=str(adapter), splits={}, labelled=(rows,))
    with pytest.raises(BadOrderError, match="no allowed labels"):
        evaluate(order, scene.run("evaluate"))


def test_a_trie_computes_what_labels_share_once() -> None:
    trie = trie_of([[5, 6, 2], [5, 7, 2], [5, 2]])
    assert trie.tokens.tolist() == [0, 5, 6, 7]
    assert trie.depths.tolist() == [0, 1, 2, 2]
    assert [int(trie.edge_labels[edge]) for edge in trie.edges_of(1)] == [2, -1, -1]
    assert VOCAB_SIZE > 7
