import numpy as np
import pytest

from pretrain.ngrams import KneserNey, unigram_bits

VOCABULARY_SIZE = 6


def tokens_of(length: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    return rng.choice(VOCABULARY_SIZE - 1, size=length, p=(0.5, 0.2, 0.15, 0.1, 0.05)).astype(np.uint16)


@pytest.mark.parametrize("context", [(0, 0, 0, 0), (1, 2, 3, 4), (5, 5, 5, 5), (0, 1, 5, 0)])
def test_five_gram_probabilities_of_all_next_tokens_add_up_to_one(context) -> None:
    model = KneserNey(tokens_of(400), vocabulary_size=VOCABULARY_SIZE)
    grams = [np.array((*context, following), dtype=np.uint16) for following in range(VOCABULARY_SIZE)]
    total = sum(2.0 ** -float(model.bits(gram)[0]) for gram in grams)
    assert total == pytest.approx(1.0)


def test_five_gram_learns_a_repeated_pattern() -> None:
    pattern = np.array([0, 1, 2, 3, 4] * 200, dtype=np.uint16)
    model = KneserNey(pattern, vocabulary_size=VOCABULARY_SIZE)
    assert model.bits(pattern[:50]).mean() < 0.1
    assert model.bits(np.array([0, 1, 2, 3, 3], dtype=np.uint16))[0] > 3


def test_five_gram_gives_one_cost_for_each_token_from_the_fifth_on() -> None:
    tokens = tokens_of(100)
    assert len(KneserNey(tokens, vocabulary_size=VOCABULARY_SIZE).bits(tokens)) == 96


def test_refuses_a_vocabulary_that_does_not_fit_its_keys() -> None:
    with pytest.raises(ValueError, match="5000"):
        KneserNey(tokens_of(100), vocabulary_size=5000)


def test_unigram_costs_follow_the_frequencies() -> None:
    training = np.array([0, 0, 0, 1], dtype=np.uint16)
    costs = unigram_bits(training, np.arange(4, dtype=np.uint16), vocabulary_size=4)
    assert costs == pytest.approx(-np.log2(np.array([4, 2, 1, 1]) / 8))
