"""Answers of the model as it is at a checkpoint: a worker of its own, beside the training."""

import shutil
from pathlib import Path

from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.brew.talk import PromptsAsked
from brewslm.core.data.example import Message
from brewslm.core.errors import WorkerError
from brewslm.core.ids import ArtifactId
from brewslm.core.job import Job
from brewslm.core.ports.engine import Engine
from brewslm.core.wire.attempt import FailureFile
from brewslm.core.wire.order import GenerateOrder
from brewslm.core.wire.result import RESULT, GenerateResult
from brewslm.core.wire.rundir import ADAPTER_FOLDER, FAILURE_FILE, MODEL_FOLDER, ORDER_FILE, RESULT_FILE
from brewslm.services.jobs.files import write_whole
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf

LOOK_SECONDS = 0.1


class CheckpointAnswers:
    """Has prompts answered."""

    def __init__(self, ports: Ports, engine: Engine) -> None:
        """Bind it; `engine` brings workers to life that leave the training's device alone."""
        self._ports = ports
        self._engine = engine

    def answer(self, training: Job, asked: PromptsAsked) -> tuple[str, ...]:
        """Answer prompts with the model as it is at a checkpoint of a training.

        Raises:
            WorkerError: the worker could not answer; it says why.
            BrewError: the plan or the base model cannot be read.
        """
        shelf = ProjectShelf(self._ports.storage, self._ports.store, training.project_id)
        recipe = shelf.read(Readiness, ArtifactId(str(training.payload["readiness_id"]))).plan.recipe
        tuned = Path(asked.checkpoint) / (ADAPTER_FOLDER if recipe.has_adapter else MODEL_FOLDER)
        order = GenerateOrder(
            model_folder=str(self._ports.base_models.locate(recipe.base_model)),
            tuned_folder=str(tuned),
            tuned_form="adapter" if recipe.has_adapter else "model",
            prompts=tuple((Message(role="user", content=prompt),) for prompt in asked.prompts),
            max_new_tokens=asked.max_new_tokens,
        )
        directory = shelf.draft()
        try:
            write_whole(directory / ORDER_FILE, order.model_dump_json())
            return self._run(directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _run(self, directory: Path) -> tuple[str, ...]:
        self._engine.submit(directory, attempt=1)
        while (status := self._engine.status(directory)).state == "alive":
            self._ports.clock.sleep(LOOK_SECONDS)
        try:
            result = RESULT.validate_json((directory / RESULT_FILE).read_bytes())
        except FileNotFoundError:
            raise WorkerError(_why(directory, status.exit_code)) from None
        if not isinstance(result, GenerateResult):
            message = f"the worker answered a {result.kind!r} order, not a generation"
            raise WorkerError(message)
        return tuple(answer.text for answer in result.answers)


def _why(directory: Path, code: int | None) -> str:
    try:
        return FailureFile.model_validate_json((directory / FAILURE_FILE).read_bytes()).message
    except FileNotFoundError:
        return f"the worker that was to answer ended without a result (exit code {code}); try it again"
