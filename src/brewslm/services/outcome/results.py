"""What trainings came to: their results and their curves, read from their run directories."""

from pathlib import Path

from brewslm.core.curves.drawing import Drawing, ThemeName
from brewslm.core.curves.svg import svg_of
from brewslm.core.errors import BrewError, InvalidRequestError, NotFoundError
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ExperimentId, JobId, ProjectId
from brewslm.core.outcome.results import Results, results_of
from brewslm.core.wire.order import ORDER, TrainOrder
from brewslm.core.wire.result import RESULT, TrainResult
from brewslm.core.wire.rundir import CURVES_NAME, ORDER_FILE, RESULT_FILE
from brewslm.services.ports import Ports
from brewslm.stages.train.leaving import draw, write_whole


class TrainingResults:
    """Reads what trainings left."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def of_job(self, job_id: JobId) -> Results:
        """Return the results of a training, or of the training of a flow.

        Raises:
            NotFoundError: there is no such job, it trains nothing, or it has not ended.
            BrewError: what it left is not whole.
        """
        folder = self.folder_of(job_id)
        try:
            result = RESULT.validate_json((folder / RESULT_FILE).read_bytes())
            order = ORDER.validate_json((folder / ORDER_FILE).read_bytes())
        except FileNotFoundError as error:
            message = (
                f"job {job_id} ({folder.name}) has no results yet; `brewslm jobs show {job_id}` says how it stands"
            )
            raise NotFoundError(message) from error
        except ValueError as error:
            raise _incomplete(folder, error) from error
        if not isinstance(result, TrainResult) or not isinstance(order, TrainOrder):
            raise NotFoundError(f"{folder} holds no training")
        try:
            return results_of(result, order.recipe, experiment=folder.name)
        except ValueError as error:
            raise _incomplete(folder, error) from error

    def curves(self, job_id: JobId, *, theme: ThemeName = "light") -> Drawing:
        """Draw the curves of a training, as far as it has come.

        Raises:
            NotFoundError: there is no such job, or it has no journal.
        """
        try:
            return draw(self.folder_of(job_id), theme=theme)
        except FileNotFoundError as error:
            raise NotFoundError(f"job {job_id} has no curves yet; its worker has not started") from error

    def svg(self, job_id: JobId, *, theme: ThemeName = "light") -> bytes:
        """Draw the curves as SVG."""
        return svg_of(self.curves(job_id, theme=theme)).encode()

    def png(self, job_id: JobId, *, theme: ThemeName = "light") -> bytes:
        """Draw the curves as PNG."""
        return self._ports.painter.png(self.curves(job_id, theme=theme))

    def write_curves(self, job_id: JobId, out: Path | None, *, theme: ThemeName = "light") -> tuple[Path, Path]:
        """Draw the curves into a folder, that of the experiment where none is named; return the two files.

        Raises:
            InvalidRequestError: the folder cannot be written into.
        """
        source = self.folder_of(job_id)
        folder, name = (source, CURVES_NAME) if out is None else (out, f"{source.name}-{CURVES_NAME}")
        files = (folder / f"{name}.svg", folder / f"{name}.png")
        contents = (self.svg(job_id, theme=theme), self.png(job_id, theme=theme))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, content in zip(files, contents, strict=True):
                write_whole(path, content)
        except OSError as error:
            raise InvalidRequestError(f"{str(folder)!r} cannot be written into: {error.strerror}") from error
        return files

    def job_of(self, experiment_id: ExperimentId, project_id: ProjectId | None) -> JobId:
        """Return the training that an experiment is of.

        Raises:
            NotFoundError: there is none of that number.
            InvalidRequestError: no project was named, and several have one of that number.
        """
        with self._ports.storage.read() as transaction:
            if project_id is not None:
                return transaction.experiments.get(project_id, experiment_id).job_id
            found = [
                one
                for project in transaction.projects.list()
                for one in transaction.experiments.list(project.id)
                if one.id == experiment_id
            ]
        if not found:
            raise NotFoundError(f"There is no exp-{experiment_id:03d}; `brewslm jobs list` shows what there is.")
        if len(found) > 1:
            projects = ", ".join(str(one.project_id) for one in found)
            message = f"Projects {projects} each have an exp-{experiment_id:03d}; say which with --project."
            raise InvalidRequestError(message)
        return found[0].job_id

    def folder_of(self, job_id: JobId) -> Path:
        """Return the run directory of a training, or of the newest training of a flow.

        Raises:
            NotFoundError: there is no such job, or it has trained nothing.
        """
        with self._ports.storage.read() as transaction:
            job = transaction.jobs.get(job_id)
            jobs = {job.id, *(child.id for child in transaction.jobs.list(parent_id=job_id))}
            own = [one for one in transaction.experiments.list(job.project_id) if one.job_id in jobs]
        if not own:
            raise NotFoundError(f"job {job_id} ({job.kind}) has no experiment; only trainings make one")
        return self._ports.store.project_folder(job.project_id) / "experiments" / own[-1].folder_name


def _incomplete(folder: Path, error: ValueError) -> BrewError:
    message = f"{folder / RESULT_FILE} is not whole: {str(error).splitlines()[-1].strip()}; train again"
    return BrewError(message, reason=Reason.TRAINING_RESULTS_INCOMPLETE)
