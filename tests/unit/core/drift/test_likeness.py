"""A runtime answers as the bundle does where its prompt, its tokens and their likelihoods are the bundle's."""

from brewslm.core.drift.golden import GoldenAnswer, Reference, replayed
from brewslm.core.drift.likeness import BundleAnswer, likeness_of, unlike

OURS = BundleAnswer(prompt="Who?", prompt_tokens=7, text="It is me.", logprobs=(-0.1, -0.2, -0.3, -0.4, -0.05))
"""Four tokens, and one that ended the answer."""


def theirs(tokens: str = "It| is| me|.|<end>", **changed: object) -> GoldenAnswer:
    plain = {
        "prompt": "Who?",
        "prompt_tokens": 7,
        "text": "It is me.",
        "tokens": tuple(tokens.split("|")),
        "logprobs": OURS.logprobs,
    }
    return GoldenAnswer.model_validate(plain | changed)


def how(answer: GoldenAnswer, tolerance: float = 0.1) -> str | None:
    return unlike(OURS, answer, tolerance=tolerance)


def test_the_same_answer_is_alike_however_its_end_is_told() -> None:
    assert how(theirs()) is None
    assert how(theirs("It| is| me|.|")) is None
    assert how(theirs("It| is| me|.", logprobs=OURS.logprobs[:4])) is None


def test_another_template_is_seen_by_the_length_of_the_prompt() -> None:
    assert how(theirs(prompt_tokens=9)) == "it makes 9 tokens of the prompt, the bundle 7"


def test_a_token_that_is_more_or_less_likely_is_another_model() -> None:
    moved = theirs(logprobs=(-0.1, -0.2, -0.45, -0.4, -0.05))
    assert how(moved) == "token 3 is ' me' at -0.450 there, and the bundle's is at -0.300"
    assert how(moved, tolerance=0.2) is None


def test_a_tie_may_break_the_other_way_and_what_follows_is_not_compared() -> None:
    other = theirs("It| is| you|?", text="It is you?", logprobs=(-0.1, -0.2, -0.31, -9.0))
    assert how(other) is None
    assert how(theirs("It| is| you|?", text="It is you?", logprobs=(-0.1, -0.2, -0.9, -9.0))) is not None


def test_an_end_where_the_bundle_goes_on_is_a_tie_or_another_model() -> None:
    assert how(theirs("It| is|", text="It is", logprobs=(-0.1, -0.2, -0.32))) is None
    assert "token 3 is '<end>'" in (how(theirs("It| is|<end>", text="It is", logprobs=(-0.1, -0.2, -1.3))) or "")
    # Where the runtime does not tell what ended its answer, nothing speaks for a tie.
    assert how(theirs("It| is", text="It is", logprobs=(-0.1, -0.2))) == "it says 'It is', and the bundle 'It is me.'"


def test_without_log_probabilities_the_words_must_be_the_same() -> None:
    assert how(theirs(tokens="", logprobs=())) is None
    assert how(theirs(tokens="", logprobs=(), text="It is you.")) == "it says 'It is you.', and the bundle 'It is me.'"


def test_what_was_compared_is_summed_up() -> None:
    found = likeness_of([OURS, OURS], [theirs(), theirs(logprobs=(-0.1, -0.2, -0.33, -0.4, -0.05))])
    assert (found.num_prompts, found.num_tokens) == (2, 10)
    assert abs(found.largest_logprob_difference - 0.03) < 1e-12
    assert likeness_of([OURS], [theirs(tokens="", logprobs=())]).num_tokens == 0


def test_golden_replay_compares_words_where_there_are_no_log_probabilities() -> None:
    silent = theirs(tokens="", logprobs=())
    reference = Reference(version=1, answers=(silent,))
    assert replayed(reference, [silent], tolerance=0.1).verdict == "passing"
    check = replayed(reference, [silent.model_copy(update={"text": "No."})], tolerance=0.1)
    assert (check.verdict, "it says 'No.', it said 'It is me.'" in check.said) == ("drift", True)
