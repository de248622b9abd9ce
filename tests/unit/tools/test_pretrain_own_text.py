import random

import pytest

from pretrain.documents import END_OF_TURN, START_OF_TURN, Turn, render_chat
from pretrain.own_text.writers import WRITERS, write_documents


def test_the_same_seed_writes_the_same_documents() -> None:
    assert write_documents(seed=7, count=300) == write_documents(seed=7, count=300)


def test_another_seed_writes_other_documents() -> None:
    first = {document.text for document in write_documents(seed=7, count=300)}
    second = {document.text for document in write_documents(seed=8, count=300)}
    assert len(first - second) > 100


def test_no_document_occurs_twice() -> None:
    texts = [document.text for document in write_documents(seed=3, count=2000)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("writer", [writer for writer, _ in WRITERS], ids=lambda writer: writer.__name__)
def test_every_writer_fills_its_gaps_and_closes_its_turns(writer) -> None:
    rng = random.Random(11)
    for _ in range(100):
        text = writer(rng)
        assert text.strip()
        assert "{" not in text.replace('{"name"', "")
        assert text.count(START_OF_TURN) == text.count(END_OF_TURN)
        if START_OF_TURN in text:
            assert text.startswith(START_OF_TURN)
            assert text.endswith(f"{END_OF_TURN}\n")


def test_a_conversation_renders_its_first_turns_as_a_prefix() -> None:
    turns = (Turn("system", "Be brief."), Turn("user", "Hello\n"), Turn("assistant", "Hi."))
    whole = render_chat(turns)
    assert all(whole.startswith(render_chat(turns[:count])) for count in range(4))
