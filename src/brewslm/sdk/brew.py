"""`create_brew` and `create_trainer`: what a `brew.py` is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Unpack

from pydantic import ValidationError

from brewslm.core.brew.trainer import CallbackName, Profile, Scalar
from brewslm.core.brew.trainer import Trainer as Wanted
from brewslm.core.errors import ConflictError, InvalidRequestError
from brewslm.core.project import BUNDLED_BASE_MODEL
from brewslm.core.recipe.building import check_fields
from brewslm.sdk.events import CheckpointEvent, CompletedEvent, FailedEvent, LogEvent
from brewslm.sdk.options import PLACES, RecipeOptions
from brewslm.services.brewing.reading import problems_of

OnLog = Callable[[LogEvent], object]
OnCheckpoint = Callable[[CheckpointEvent], object]
OnCompleted = Callable[[CompletedEvent], object]
OnFailed = Callable[[FailedEvent], object]


@dataclass(eq=False, slots=True)
class Trainer:
    """One training and the functions that hear of it. Made by `create_trainer`."""

    wanted: Wanted
    """What is asked for, checked."""
    callbacks: Mapping[CallbackName, Callable[..., object]]
    stop: Callable[[], None] | None = field(default=None, repr=False)
    """Set while `brewslm start` runs this trainer."""

    def cancel(self) -> None:
        """Ask the training to stop at its next step. It saves, and ends as cancelled; `on_failed` is called.

        Raises:
            ConflictError: this trainer is not being run here.
        """
        if self.stop is None:
            message = (
                f"trainer {self.wanted.name!r} is not running in this process: cancel() works in callbacks, while "
                "`brewslm start` runs; from elsewhere use `brewslm jobs cancel JOB`"
            )
            raise ConflictError(message)
        self.stop()


@dataclass(frozen=True, eq=False, slots=True)
class Brew:
    """What `brewslm build`, `start` and `dev` look for in a `brew.py`. Made by `create_brew`."""

    trainer: Trainer


def create_brew(*, trainer: Trainer) -> Brew:
    """Make the one thing that a `brew.py` must define, under the name `brew`.

    Raises:
        InvalidRequestError: `trainer` is not one.
    """
    if not isinstance(trainer, Trainer):  # the code of users is seldom checked by mypy
        message = f"create_brew(trainer=…) wants what create_trainer returns, not {type(trainer).__name__}"  # type: ignore[unreachable]
        raise InvalidRequestError(message)
    return Brew(trainer=trainer)


def create_trainer(  # noqa: PLR0913 - each is a choice of the user's, by name
    *,
    name: str,
    dataset: str,
    base_model: str = BUNDLED_BASE_MODEL,
    project: str | None = None,
    profile: Profile = "balanced",
    max_seq_len: int | None = None,
    prompts: Sequence[str] = (),
    recipe: Mapping[str, Scalar] | None = None,
    on_log: OnLog | None = None,
    on_checkpoint: OnCheckpoint | None = None,
    on_completed: OnCompleted | None = None,
    on_failed: OnFailed | None = None,
    **options: Unpack[RecipeOptions],
) -> Trainer:
    """Describe a training.

    Args:
        name: what it is called; also the name of its project, where none is given.
        dataset: a path (from the file's folder), `sample:NAME`, `hf:…`, `https:…`, or a dataset's id.
        base_model: a bundled model's name, a local folder, or a Hugging Face id.
        project: the project that it belongs to; made where there is none.
        profile: how much work the plan may be: `safe`, `balanced` or `max_quality`.
        max_seq_len: longest example in tokens; None takes the base model's context, at most 1,024.
        prompts: answered side by side by base and tuned model at the end.
        recipe: dotted fields of the recipe to values, such as `{"preference.beta": 0.2}`.
        on_log: called with a `LogEvent` for each record of the journal.
        on_checkpoint: called with a `CheckpointEvent`, which can `infer`.
        on_completed: called with a `CompletedEvent` when the result was compared with its base.
        on_failed: called with a `FailedEvent` when the training failed or was cancelled.
        options: fields of the recipe by their own names, such as `learning_rate=1e-3`.

    Raises:
        InvalidRequestError: values that are not valid, all of them at once.
    """
    given: dict[CallbackName, Callable[..., object] | None] = {
        "on_log": on_log,
        "on_checkpoint": on_checkpoint,
        "on_completed": on_completed,
        "on_failed": on_failed,
    }
    callbacks = {label: call for label, call in given.items() if call is not None}
    fields: dict[str, object] = dict(recipe or {})
    problems = [_not_callable(label, call) for label, call in callbacks.items() if not _is_plain(call)]
    for option, value in options.items():
        if option not in PLACES:
            problems.append(f"{option}: there is no such option; a field of the recipe goes into recipe={{…}}")
        elif PLACES[option] in fields:
            problems.append(f"{option}: given twice, by itself and in recipe")
        else:
            fields[PLACES[option]] = value
    asked = {
        "name": name,
        "dataset": dataset,
        "base_model": base_model,
        "project": project,
        "profile": profile,
        "max_seq_len": max_seq_len,
        "recipe": fields,
        "prompts": tuple(prompts),
        "callbacks": tuple(callbacks),
    }
    wanted = _checked(asked, problems)
    if wanted is None or problems:
        raise InvalidRequestError(f"create_trainer: {'; '.join(problems)}")
    return Trainer(wanted=wanted, callbacks=callbacks)


def _checked(asked: Mapping[str, object], problems: list[str]) -> Wanted | None:
    """Return what is asked for; None where it is not valid, which is added to the problems."""
    try:
        wanted = Wanted.model_validate(asked)
        check_fields({**wanted.recipe, "base_model": wanted.base_model})
    except ValidationError as error:
        problems.append(problems_of(error))
        return None
    except InvalidRequestError as error:
        problems.append(str(error))
        return None
    return wanted


def _is_plain(call: object) -> bool:
    return callable(call) and not iscoroutinefunction(call)


def _not_callable(label: str, call: object) -> str:
    what = "a coroutine function; write `def`, not `async def`" if callable(call) else f"{type(call).__name__}"
    return f"{label}: must be a function of one event, not {what}"
