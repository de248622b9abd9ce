"""What is done about a failed attempt: bounded, cause by cause, and the same for the same facts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.recovery.policy import Decision, Ended, GivenUp, decide
from brewslm.core.wire.attempt import MicroBatch
from brewslm.core.wire.recovery import Cause, RecoveryFile

CAUSES: tuple[Cause, ...] = ("lost", "stalled", "out_of_memory", "not_finite", "disk_full")


def recipe(**settings: Any) -> Recipe:
    return Recipe.model_validate({"base_model": "tiny", "data": {"batch_size": 8, "max_seq_len": 512}, **settings})


def course(*ends: Ended, of: Recipe | None = None) -> tuple[list[Decision], RecoveryFile, GivenUp | None]:
    """Let one end follow the other, each with what was decided before; stop where nothing more is done."""
    known, decisions = RecoveryFile(), []
    for attempt, ended in enumerate(ends, start=1):
        decision = decide(ended.model_copy(update={"attempt": attempt}), of or recipe(), known)
        if isinstance(decision, GivenUp):
            return decisions, known, decision
        decisions.append(decision)
        known = RecoveryFile(measures=(*known.measures, decision.measure), adjustments=decision.adjustments)
    return decisions, known, None


def out_of_memory(num_tokens: int | None = None, num_examples: int = 4) -> Ended:
    held = None if num_tokens is None else MicroBatch(num_tokens=num_tokens, num_examples=num_examples)
    return Ended(attempt=1, cause="out_of_memory", step=3, micro_batch=held)


def test_a_lost_process_is_waited_for_longer_each_time_and_then_given_up() -> None:
    lost = [Ended(attempt=1, cause="lost", losses=number) for number in (1, 2, 3, 4)]
    decisions, _, end = course(*lost)
    assert [decision.measure.wait_seconds for decision in decisions] == [0.0, 5.0, 30.0]
    assert end is not None
    assert "4 times without a newer checkpoint" in end.explanation


def test_losses_with_progress_between_them_go_on_for_ever() -> None:
    decisions, _, end = course(*[Ended(attempt=1, cause="lost", losses=1)] * 50)
    assert (len(decisions), end) == (50, None)


def test_memory_is_halved_from_what_was_in_the_model_then_blocks_are_computed_again() -> None:
    decisions, known, end = course(
        out_of_memory(3000), out_of_memory(1400), out_of_memory(700), out_of_memory(700), out_of_memory(300)
    )
    assert [decision.measure.action for decision in decisions] == [
        "smaller_micro_batch",
        "smaller_micro_batch",
        "activation_checkpointing",
        "smaller_micro_batch",
    ]
    assert decisions[0].changes == {"data.micro_batch_tokens": (4096, 1500)}
    assert known.adjustments.micro_batch_tokens == 350
    assert known.adjustments.activation_checkpointing
    assert end is not None
    assert "4 measures against it did not help" in end.explanation


def test_a_single_example_that_is_too_large_is_not_halved() -> None:
    decisions, _, end = course(out_of_memory(400, 1), out_of_memory(400, 1))
    assert [decision.measure.action for decision in decisions] == ["activation_checkpointing"]
    assert end is not None
    assert "nothing left that would need less memory" in end.explanation


def test_the_fast_path_is_not_asked_for_what_it_cannot_do() -> None:
    decisions, _, end = course(*[out_of_memory(1000)] * 9, of=recipe(step_path="fast"))
    assert {decision.measure.action for decision in decisions} == {"smaller_micro_batch"}
    assert end is not None


def test_without_a_word_of_the_worker_the_recipe_says_how_much_it_held() -> None:
    (decision,), _, _ = course(out_of_memory())
    assert decision.changes == {"data.micro_batch_tokens": (8 * 512, 2048)}


def test_a_number_that_is_not_finite_lowers_the_rate_and_the_second_goes_further_back() -> None:
    bad = Ended(attempt=1, cause="not_finite", step=7)
    decisions, known, end = course(bad, bad.model_copy(update={"step": 9}), bad, bad)
    assert [decision.adjustments.learning_rate_factor for decision in decisions] == [0.5, 0.25, 0.125]
    assert [decision.adjustments.step_back_in for decision in decisions] == [None, 3, 4]
    assert known.adjustments.skipped_steps == (7, 9)
    assert decisions[1].changes["optim.learning_rate"] == (
        recipe().optim.learning_rate / 2,
        recipe().optim.learning_rate / 4,
    )
    assert end is not None


def test_a_full_disk_prunes_and_then_waits() -> None:
    full = Ended(attempt=1, cause="disk_full", step=7)
    decisions, known, _ = course(full, full, full)
    assert [decision.measure.action for decision in decisions] == ["prune_checkpoints", "wait", "wait"]
    assert known.adjustments.keep_checkpoints == 1


def test_a_hanging_process_is_resumed_twice() -> None:
    decisions, _, end = course(*[Ended(attempt=1, cause="stalled")] * 3)
    assert [decision.measure.action for decision in decisions] == ["resume", "resume"]
    assert end is not None


@pytest.mark.parametrize("cause", CAUSES)
def test_off_does_nothing(cause: Cause) -> None:
    end = decide(Ended(attempt=1, cause=cause), recipe(recovery="off"), RecoveryFile())
    assert isinstance(end, GivenUp)
    assert "recovery='off'" in end.explanation


@given(
    st.lists(st.tuples(st.sampled_from(CAUSES), st.integers(2, 9), st.integers(1, 5000)), min_size=20, max_size=40),
    st.integers(0, 12),
)
def test_whatever_happens_it_ends_and_a_file_read_back_decides_the_same(
    ends: list[tuple[Cause, int, int]], most: int
) -> None:
    of = recipe(retry={"max_attempts": most})
    happened = [Ended(attempt=1, cause=cause, step=step, losses=step, micro_batch=None) for cause, step, _ in ends]
    decisions, known, end = course(*happened, of=of)
    assert end is not None
    assert len(decisions) <= most
    assert RecoveryFile.model_validate_json(known.model_dump_json()) == known
    for decision in decisions:
        assert 0 < decision.adjustments.learning_rate_factor <= 1


def diverged(step: int, good_until: int, *, losses: int = 1) -> Ended:
    return Ended(attempt=1, cause="diverged", step=step, good_until=good_until, losses=losses, episode=4)


def test_a_divergence_goes_back_to_where_all_was_well_and_passes_over_where_it_began() -> None:
    (decision,), known, _ = course(diverged(90, 60))
    assert (decision.measure.action, decision.measure.episode) == ("lower_learning_rate", 4)
    assert known.adjustments.learning_rate_factor == 0.5
    assert (known.adjustments.step_back_in, known.adjustments.step_back_after) == (2, 60)
    assert known.adjustments.skipped_steps == (61, 62, 63, 64, 65)  # one record of `log_every` steps
    assert "the last checkpoint up to step 60, passes over step 61 to 65, and learns at 0.5" in decision.explanation


def test_of_seldom_records_no_more_than_ten_steps_are_passed_over() -> None:
    (decision,), _, _ = course(diverged(900, 500), of=recipe(monitor={"log_every": 100}))
    assert decision.adjustments.skipped_steps == tuple(range(501, 511))


def test_a_number_that_is_not_finite_after_wild_gradients_goes_back_before_those() -> None:
    (decision,), _, _ = course(Ended(attempt=1, cause="not_finite", step=90, good_until=70))
    assert (decision.adjustments.step_back_in, decision.adjustments.step_back_after) == (2, 70)
    assert decision.adjustments.skipped_steps == (90,)


def test_two_measures_that_led_to_no_newer_checkpoint_make_it_a_matter_of_design() -> None:
    decisions, _, end = course(diverged(90, 60), diverged(80, 60, losses=2), diverged(70, 60, losses=3))
    assert len(decisions) == 2
    assert end is not None
    assert end.is_design_problem
    assert "a matter of the training's design" in end.explanation


def test_with_newer_checkpoints_in_between_it_is_none() -> None:
    decisions, _, end = course(*[diverged(90, 60)] * 4)
    assert len(decisions) == 3
    assert end is not None
    assert not end.is_design_problem


@pytest.mark.parametrize(
    ("on_plateau", "actions"),
    [("none", []), ("lower_lr", ["lower_learning_rate"] * 2), ("stop", ["stop"] * 2)],
)
def test_a_plateau_is_answered_as_the_recipe_says_at_most_twice(on_plateau: str, actions: list[str]) -> None:
    flat = Ended(attempt=1, cause="plateau", step=400)
    decisions, known, end = course(flat, flat, flat, of=recipe(monitor={"on_plateau": on_plateau}))
    assert [decision.measure.action for decision in decisions] == actions
    assert known.adjustments.learning_rate_factor == (0.25 if on_plateau == "lower_lr" else 1.0)
    assert end is not None
