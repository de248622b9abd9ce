"""The plan: every value of the recipe has a source, the user's win, and all mistakes are told at once."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.manifest import Manifest, Split, SplitShares
from brewslm.core.errors import InvalidRequestError
from brewslm.core.ids import ArtifactId
from brewslm.core.job import JobStatus
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.recipe.recipe import Recipe, ValueSource
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.preflight.forecast import disk, time
from brewslm.stages.preflight.memory import peak_memory
from brewslm.stages.preflight.planning import resolve_recipe
from brewslm.stages.preflight.tokens import tokens_of
from tests.fakes.base_models import tiny_model
from tests.fakes.machine import LAPTOP
from tests.unit.scene import Scene


def manifest_of(num_examples: int = 300, num_tokens: int = 60_000, max_seq_len: int = 256) -> Manifest:
    split = Split(
        name="train",
        num_examples=num_examples,
        num_tokens=num_tokens,
        num_trained_tokens=num_tokens // 2,
        num_bytes=num_tokens,
        length_quantiles={},
        folder="x",
    )
    return Manifest(
        dataset_id=ArtifactId("dataset-0"),
        shape="chat",
        labels=(),
        base_model="tiny",
        tokenizer_hash="0",
        template_hash="0",
        seed=1,
        shares=SplitShares(),
        is_stratified=False,
        max_seq_len=max_seq_len,
        truncation="drop",
        num_dropped=0,
        num_moved_for_leaks=0,
        splits=(split,),
    )


@pytest.fixture
def base(tmp_path: Any) -> BaseModelFacts:
    return tiny_model(tmp_path)


def resolve(
    base: BaseModelFacts, manifest: Manifest | None = None, **choices: Any
) -> tuple[Recipe, dict[str, ValueSource]]:
    inputs = PreflightInputs(**{"manifest_id": ArtifactId("manifest-0"), "base_model": "tiny", **choices})
    return resolve_recipe(inputs, manifest or manifest_of(), base, LAPTOP, seed=42)


def leaves(tree: dict[str, Any], prefix: str = "") -> set[str]:
    names = set()
    for name, value in tree.items():
        names |= leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
    return names


def test_every_value_of_the_recipe_has_a_source(base: BaseModelFacts) -> None:
    recipe, sources = resolve(base)
    assert set(sources) == leaves(recipe.model_dump())
    assert {source.source for source in sources.values()} == {"default", "autopilot", "profile", "project"}
    assert all(source.reason for source in sources.values() if source.source != "default")
    assert sources["optim.learning_rate"].value == recipe.optim.learning_rate
    assert sources["seed"].value == 42


@pytest.mark.parametrize("source", ["flag", "file"])
def test_what_the_user_says_wins_and_is_labelled(base: BaseModelFacts, source: str) -> None:
    overrides = {"optim.learning_rate": 0.01, "lora.lora_rank": 4, "seed": 7, "data.batch_size": 2}
    of_file = tuple(overrides) if source == "file" else ()
    recipe, sources = resolve(base, overrides=overrides, file_fields=of_file)
    assert (recipe.optim.learning_rate, recipe.lora.lora_rank, recipe.seed) == (0.01, 4, 7)
    assert {name for name, value in sources.items() if value.source == source} == set(overrides)
    assert {name: sources[name].value for name in overrides} == overrides


def test_the_autopilot_follows_what_the_user_fixed(base: BaseModelFacts) -> None:
    recipe, sources = resolve(base, overrides={"data.total_steps": 12})
    assert recipe.schedule.warmup_steps < 12
    assert recipe.monitor.eval_every == recipe.monitor.checkpoint_every == 2
    assert sources["data.total_steps"].source == "flag"

    recipe, _ = resolve(base, overrides={"data.batch_size": 30, "data.num_epochs": 2})
    assert recipe.data.total_steps == 20


def test_a_number_that_is_spelled_as_text_counts_as_that_number(base: BaseModelFacts) -> None:
    recipe, _ = resolve(base, overrides={"data.total_steps": "3"})
    assert (recipe.data.total_steps, recipe.schedule.warmup_steps) == (3, 1)


@pytest.mark.parametrize(("profile", "epochs"), [("safe", 2.0), ("balanced", 4.0), ("max_quality", 8.0)])
def test_a_profile_says_how_long(base: BaseModelFacts, profile: str, epochs: float) -> None:
    recipe, _ = resolve(base, profile=profile)
    assert recipe.data.num_epochs == epochs


def test_much_data_is_not_gone_through_more_often_than_the_profile_pays_for(base: BaseModelFacts) -> None:
    recipe, _ = resolve(base, manifest_of(num_examples=100_000, num_tokens=20_000_000))
    assert recipe.data.num_epochs == pytest.approx(0.3)


def test_settings_in_a_group_of_their_own_are_read(base: BaseModelFacts) -> None:
    overrides = {"early_stopping.patience": 2, "budget.max_minutes": 30, "data.total_steps": 40}
    recipe, sources = resolve(base, overrides=overrides)
    assert recipe.early_stopping is not None
    assert (recipe.early_stopping.patience, sources["early_stopping.patience"].source) == (2, "flag")
    assert recipe.budget is not None
    assert recipe.budget.max_minutes == 30


def test_every_setting_of_a_group_can_be_given(base: BaseModelFacts) -> None:
    usual = {name: source.value for name, source in resolve(base)[1].items()}
    for name, value in usual.items():
        if "." in name and value is not None:
            assert resolve(base, overrides={name: value})[1][name].source == "flag", name


def test_all_weights_take_smaller_steps_and_more_memory_than_an_adapter(base: BaseModelFacts) -> None:
    adapter, _ = resolve(base)
    full, _ = resolve(base, overrides={"method": "full"})
    assert full.optim.learning_rate < adapter.optim.learning_rate
    large = base.model_copy(update={"num_parameters": 10**9})
    needs = [peak_memory(recipe, manifest_of(), large).expected or 0.0 for recipe in (adapter, full)]
    assert needs[1] - needs[0] > 10**9 * 11


def test_a_small_memory_takes_small_micro_batches(base: BaseModelFacts) -> None:
    wide = base.model_copy(update={"hidden_size": 2048, "num_layers": 24})
    inputs = PreflightInputs(manifest_id=ArtifactId("manifest-0"), base_model="tiny")
    chosen = [
        resolve_recipe(inputs, manifest_of(), wide, LAPTOP.model_copy(update={"free_memory_bytes": gib << 30}), seed=1)[
            0
        ].data.micro_batch_tokens
        for gib in (2, 8, 256)
    ]
    assert chosen == sorted(chosen)
    assert chosen[0] < chosen[1] < chosen[2] == 8192


def test_all_mistakes_are_told_at_once_in_one_line(base: BaseModelFacts) -> None:
    overrides = {
        "optim.learning_rat": 0.1,
        "optim.weight_decay": 7.0,
        "data.batch_size": -5,
        "data.total_steps": 0,
        "precision": "float8",
        "nonsense": 1,
    }
    with pytest.raises(InvalidRequestError) as caught:
        resolve(base, overrides=overrides)
    text = str(caught.value)
    assert "\n" not in text
    assert all(name in text for name in overrides)
    assert "the recipe has 6 problems: " in text, "what the autopilot derives from a wrong value is not the user's"


@pytest.mark.parametrize(
    "name", ["base_model.x", "data.batch_size.x", "data.x.y.z", "data", "lora", "", ".", "data.", ".seed", "a.b"]
)
def test_a_name_that_is_no_field_is_refused_by_its_name(base: BaseModelFacts, name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        resolve(base, overrides={name: 5})
    assert f"{name}=" in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "many", True, 1e300])
@pytest.mark.parametrize("name", ["data.batch_size", "data.num_epochs", "data.total_steps"])
def test_a_number_that_is_none_is_refused_or_used_and_never_crashes(
    base: BaseModelFacts, name: str, value: Any
) -> None:
    try:
        recipe, _ = resolve(base, overrides={name: value})
    except InvalidRequestError as error:
        assert name in str(error)  # noqa: PT017 - some of the values may be used
    else:
        assert value is True
        assert recipe.data.total_steps is not None


def test_a_warm_up_that_is_longer_than_the_run_is_refused(base: BaseModelFacts) -> None:
    with pytest.raises(InvalidRequestError, match=r"schedule\.warmup_steps=50 must be below data\.total_steps=10"):
        resolve(base, overrides={"schedule.warmup_steps": 50, "data.total_steps": 10})


def test_a_refused_override_fails_the_job_with_its_line(scene: Scene) -> None:
    inputs = PreflightInputs(manifest_id=scene.manifest().id, base_model="tiny", overrides={"optim.lr": 1.0})
    job = scene.run_stage("preflight", inputs)
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_request_invalid")
    assert "optim.lr=1.0" in (job.error or "")


@settings(deadline=None)
@given(
    num_examples=st.integers(1, 3_000_000),
    mean_tokens=st.integers(1, 5000),
    profile=st.sampled_from(["safe", "balanced", "max_quality"]),
    num_parameters=st.integers(1000, 10**11),
)
def test_any_data_gives_a_recipe_that_can_be_run(
    tmp_path_factory: pytest.TempPathFactory, num_examples: int, mean_tokens: int, profile: str, num_parameters: int
) -> None:
    base = tiny_model(tmp_path_factory.getbasetemp()).model_copy(update={"num_parameters": num_parameters})
    manifest = manifest_of(num_examples, num_examples * mean_tokens, max_seq_len=8192)
    recipe, sources = resolve(base, manifest, profile=profile)
    assert 1 <= recipe.data.batch_size <= num_examples
    assert recipe.data.total_steps is not None
    assert 0 <= recipe.schedule.warmup_steps < recipe.data.total_steps
    assert 1 <= recipe.monitor.checkpoint_every <= recipe.data.total_steps
    assert set(sources) == leaves(recipe.model_dump())
    for estimate in (peak_memory(recipe, manifest, base), disk(recipe, base), time(recipe, manifest, base, LAPTOP)):
        assert estimate.low is not None
        assert estimate.expected is not None
        assert estimate.high is not None
        assert 0 < estimate.low <= estimate.expected <= estimate.high
        assert estimate.basis


def test_modes_that_learn_from_judgements_take_smaller_steps_of_enough_judgements(base: BaseModelFacts) -> None:
    long = manifest_of(num_tokens=300 * 1000)
    plain, _ = resolve(base, long)
    for mode, share in (("dpo", 0.1), ("orpo", 0.5), ("kto", 0.1)):
        recipe, sources = resolve(base, long, overrides={"mode": mode})
        assert recipe.optim.learning_rate == pytest.approx(share * plain.optim.learning_rate)
        assert plain.data.batch_size < 8 == recipe.data.batch_size
        assert mode in sources["optim.learning_rate"].reason
        assert "judgements" in sources["data.batch_size"].reason


def test_both_answers_of_a_pair_are_counted(base: BaseModelFacts) -> None:
    rejected = FileRef(path="x/rejected/tokens.u32", size_bytes=4 * 90_000, sha256="0")
    manifest = manifest_of().model_copy(update={"files": (rejected,)})
    assert tokens_of(manifest, "train", mode="dpo") == 150_000
    assert tokens_of(manifest, "train", mode="sft") == tokens_of(manifest, "train", mode="kto") == 60_000
    recipe, _ = resolve(base, manifest, overrides={"mode": "orpo", "data.total_steps": 10, "data.batch_size": 10})
    for forecast in (peak_memory(recipe, manifest, base), time(recipe, manifest, base, LAPTOP)):
        one_answer = manifest.model_copy(update={"files": ()})
        other = (
            peak_memory(recipe, one_answer, base)
            if forecast.unit == "bytes"
            else time(recipe, one_answer, base, LAPTOP)
        )
        assert forecast.expected is not None
        assert other.expected is not None
        assert forecast.expected > other.expected


def test_scoring_besides_takes_time(base: BaseModelFacts) -> None:
    seconds = {}
    for mode in ("orpo", "dpo", "kto"):
        recipe, _ = resolve(base, overrides={"mode": mode, "data.total_steps": 100, "data.batch_size": 8})
        seconds[mode] = time(recipe, manifest_of(), base, LAPTOP).expected or 0.0
    assert seconds["orpo"] < seconds["dpo"] < seconds["kto"]
