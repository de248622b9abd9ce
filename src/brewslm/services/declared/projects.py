"""Projects as code: what has to be done so that a project is what its file says, one job after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.brew.project_file import ProjectFile, ProjectPlan, Step
from brewslm.core.errors import ConflictError, InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import Job, JobKind
from brewslm.core.outcome.approval import GateMode
from brewslm.core.project import Project
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.services.brewing.project_file import FileReading, read_project_file
from brewslm.services.brewing.requests import base_model_of, check_trainer, import_for
from brewslm.services.declared.writing import as_yaml, completed_jobs, differences, export
from brewslm.services.gates.book import Gates
from brewslm.services.jobs.secrets import without_secrets
from brewslm.services.ports import Ports
from brewslm.services.preparing import preparation_for
from brewslm.services.projects import Projects
from brewslm.services.requests import ImportRequest
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.preflight.contract import PreflightInputs


@dataclass(frozen=True, slots=True)
class Task:
    """A job of a project as code."""

    kind: JobKind
    inputs: Value
    told: str
    made: ArtifactId | None
    """What a completed job with these very inputs made; None where it is due."""


class DeclaredProjects:
    """The service."""

    def __init__(self, ports: Ports, projects: Projects, gates: Gates) -> None:
        """Bind it to the ports and to the services that it works through."""
        self._ports, self._projects, self._gates = ports, projects, gates

    def look(self, path: Path) -> FileReading:
        """Read a file strictly, and say all that is wrong with it, each with its line.

        Raises:
            NotFoundError: there is none.
            InvalidRequestError: it is no text.
        """
        try:
            return read_project_file(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise NotFoundError(f"{str(path)!r} cannot be read ({error.strerror}); name a brewslm.yaml") from error
        except UnicodeDecodeError as error:
            raise InvalidRequestError(f"{str(path)!r} is not UTF-8: {error.reason}; save it as UTF-8") from error

    def read(self, path: Path) -> ProjectFile:
        """Return what a file says.

        Raises:
            NotFoundError: there is none.
            InvalidRequestError: all that is wrong with it, each with its line.
        """
        found = self.look(path)
        if found.file is None:
            count = "1 problem" if len(found.problems) == 1 else f"{len(found.problems)} problems"
            raise InvalidRequestError(f"{path.name} has {count}: {'; '.join(found.problems)}. Correct the file.")
        return found.file

    def export(self, project_id: ProjectId) -> tuple[ProjectFile, str]:
        """Return a project as a file, and its text.

        Raises:
            NotFoundError: there is no such project, or it has no dataset.
        """
        file = export(self._projects.get(project_id), self._projects, self._ports)
        return file, as_yaml(file)

    def plan(self, file: ProjectFile, folder: Path) -> ProjectPlan:
        """Say what `apply` would do, without doing it.

        Args:
            file: what is wanted.
            folder: from which its paths count.
        """
        project = self._project(file)
        is_now = None
        if project is not None and self._projects.current(project.id, "clean", "map_commit") is not None:
            is_now = export(project, self._projects, self._ports)
        steps = [self._project_step(file, project), *self._gate_steps(file, project)]
        steps += self._job_steps(file, folder, project)
        return ProjectPlan(
            project=file.trainer.project_name,
            project_id=None if project is None else project.id,
            differences=differences(is_now, self._absolute(file, folder)),
            steps=tuple(steps),
            problems=() if project is None else tuple(_kept(file, project)),
        )

    def settle(self, file: ProjectFile, folder: Path) -> Project:
        """Make the project where there is none, and set its gates.

        Raises:
            ConflictError: the project has another seed or template, which it keeps.
            NotFoundError: what the file names is not there.
        """
        check_trainer(file.trainer, folder, self._ports.sources)
        project = self._project(file)
        if project is None:
            base_model = base_model_of(file.trainer, folder)
            name = file.trainer.project_name
            project = self._projects.create(name, template=file.template, base_model=base_model, seed=file.seed)
        if problems := list(_kept(file, project)):
            raise ConflictError(f"{'; '.join(problems)}; name another project, or change the file")
        for stage, mode in self._modes(file, project).items():
            self._gates.set_mode(project.id, stage, mode)
        return project

    def next_task(self, file: ProjectFile, folder: Path, project: Project) -> Task | None:
        """Return the first job that is due; None where the project is what the file says."""
        return next((task for task in self._tasks(file, folder, project) if task.made is None), None)

    def _project(self, file: ProjectFile) -> Project | None:
        return next((one for one in self._projects.list() if one.name == file.trainer.project_name), None)

    def _project_step(self, file: ProjectFile, project: Project | None) -> Step:
        if project is not None:
            return Step(name="project", is_due=False, told=f"project {project.id} {project.name!r} is there")
        told = f"make project {file.trainer.project_name!r} on {file.trainer.base_model!r}, seed {file.seed}"
        return Step(name="project", is_due=True, told=told)

    def _modes(self, file: ProjectFile, project: Project | None) -> dict[StageName, GateMode]:
        """Return the gates that are to change."""
        before: dict[StageName, GateMode] = {}
        if project is not None:
            with self._ports.storage.read() as transaction:
                before = dict(transaction.gate_modes.of(project.id))
        usual: dict[StageName, GateMode] = dict.fromkeys(before, "auto")
        wanted = usual | file.gates
        return {stage: mode for stage, mode in wanted.items() if before.get(stage, "auto") != mode}

    def _gate_steps(self, file: ProjectFile, project: Project | None) -> list[Step]:
        changed = [f"{stage} to {mode}" for stage, mode in self._modes(file, project).items()]
        return [Step(name="gates", is_due=True, told=f"set the gate of {', of '.join(changed)}")] if changed else []

    def _job_steps(self, file: ProjectFile, folder: Path, project: Project | None) -> Iterator[Step]:
        names = ("import", *(("clean",) if file.cleaning is not None else ()), "prepare", "preflight")
        told = {
            "import": f"import {file.trainer.dataset!r}",
            "clean": "clean it by the rules of the file",
            "prepare": f"split it, and tokenise it for {file.trainer.base_model!r}",
            "preflight": f"check and plan a training, profile {file.trainer.profile}",
        }
        done: dict[str, Task] = {}
        if project is not None:
            for task in self._tasks(file, folder, project):
                if task.made is None:
                    break
                done[task.kind] = task
        for name in names:
            if name in done:
                yield Step.model_validate({"name": name, "is_due": False, "told": f"{done[name].made} is this"})
            else:
                yield Step.model_validate({"name": name, "is_due": True, "told": told[name]})

    def _tasks(self, file: ProjectFile, folder: Path, project: Project) -> Iterator[Task]:
        """Yield the jobs in order; what a later one takes is known once those before it are done."""
        jobs = completed_jobs(project.id, self._ports)
        dataset_id: ArtifactId | None = ArtifactId(file.trainer.dataset)
        if (asked := self._import(file, folder)) is not None:
            dataset_id = _made(jobs, "import", without_secrets(asked.model_dump(mode="json"), self._ports.secrets))
            yield Task("import", asked, f"importing {file.trainer.dataset!r}", dataset_id)
        if dataset_id is not None and file.cleaning is not None:
            rules = CleanInputs(dataset_id=dataset_id, plan=file.cleaning)
            dataset_id = _made(jobs, "clean", rules.model_dump(mode="json"))
            yield Task("clean", rules, "cleaning", dataset_id)
        if dataset_id is None:
            return
        base_model = base_model_of(file.trainer, folder)
        choices = {**file.preparation.model_dump(), "base_model": base_model, "max_seq_len": file.trainer.max_seq_len}
        splits = preparation_for(project, dataset_id, self._ports.base_models, choices)
        manifest_id = _made(jobs, "prepare", splits.model_dump(mode="json"))
        if manifest_id is not None and self._projects.current(project.id, "prepare") != manifest_id:
            manifest_id = None
        yield Task("prepare", splits, "preparing", manifest_id)
        if manifest_id is None:
            return
        trainer, names = file.trainer, tuple(sorted(file.trainer.recipe))
        plan = PreflightInputs(
            manifest_id=manifest_id,
            base_model=base_model,
            profile=trainer.profile,
            overrides=trainer.recipe,
            file_fields=names,
        )
        readiness_id = _made(jobs, "preflight", plan.model_dump(mode="json"), ignoring="file_fields")
        if self._projects.current(project.id, "preflight") != readiness_id:
            readiness_id = None
        yield Task("preflight", plan, "planning", readiness_id)

    def _import(self, file: ProjectFile, folder: Path) -> ImportRequest | None:
        asked = import_for(file.trainer, folder)
        if asked is None:
            return None
        return ImportRequest.model_validate({**file.data.model_dump(), "locator": asked.locator})

    def _absolute(self, file: ProjectFile, folder: Path) -> ProjectFile:
        """Spell dataset and base model as the ledger does."""
        asked = import_for(file.trainer, folder)
        update: dict[str, object] = {
            "name": file.trainer.project_name,
            "project": None,
            "base_model": base_model_of(file.trainer, folder),
            "dataset": file.trainer.dataset if asked is None else asked.locator,
            "prompts": (),
            "callbacks": (),
        }
        return file.model_copy(update={"trainer": file.trainer.model_copy(update=update)})


def _kept(file: ProjectFile, project: Project) -> Iterator[str]:
    """Say what the file wants and a project that is there does not change."""
    for name in ("seed", "template"):
        if (wanted := getattr(file, name)) != (kept := getattr(project, name)):
            yield f"project {project.id} {project.name!r} has {name} {kept!r}, and the file says {wanted!r}"


def _made(jobs: tuple[Job, ...], kind: str, payload: dict[str, object], *, ignoring: str = "") -> ArtifactId | None:
    """Return what the newest completed job of this kind and these inputs made."""
    wanted = {name: value for name, value in payload.items() if name != ignoring}
    for job in jobs:
        if job.kind == kind and {name: job.payload.get(name) for name in wanted} == wanted:
            return job.artifact_id
    return None
