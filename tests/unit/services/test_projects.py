"""Projects: what they are called, and where each stands."""

import pytest

from brewslm.core.errors import BaseModelError, ConflictError, InvalidRequestError, NotFoundError
from brewslm.core.ids import ProjectId
from brewslm.core.job import JobStatus
from tests.unit.scene import Scene, extra_dataset


def test_a_new_project_is_an_event_of_its_own_chain(scene: Scene) -> None:
    (event,) = scene.jobs.events(project_id=scene.project.id)
    assert (event.reason, event.run_id, event.actor) == ("project_created", "project-1", "cli")
    assert event.payload == {"name": "scene", "template": "general", "base_model": "tiny"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "tab\tname", "line\nname", "bell\a"])
def test_a_name_that_cannot_be_shown_is_refused(scene: Scene, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="printable characters"):
        scene.projects.create(name, base_model="tiny")


@pytest.mark.parametrize("name", ["x", "x" * 100, "Ümläute und 漢字", "a/b ../c"])
def test_any_printable_name_is_good(scene: Scene, name: str) -> None:
    assert scene.projects.create(name, base_model="tiny").name == name


def test_a_name_is_taken_once(scene: Scene) -> None:
    with pytest.raises(ConflictError, match="'scene'"):
        scene.projects.create("scene", base_model="tiny")
    assert len(scene.projects.list()) == 1


def test_an_unknown_base_model_makes_no_project(scene: Scene) -> None:
    with pytest.raises(BaseModelError, match="'nowhere'"):
        scene.projects.create("other", base_model="nowhere")
    assert len(scene.projects.list()) == 1


def test_the_eleven_stages_stand_in_order_and_empty_at_first(scene: Scene) -> None:
    states = scene.projects.stages(scene.project.id)
    assert [state.number for state in states] == list(range(1, 12))
    assert {state.status for state in states} == {None}
    assert [state.name for state in states if state.is_optional] == ["clean", "deploy"]


def test_a_stage_shows_its_newest_run_and_the_newest_product(scene: Scene) -> None:
    manifest = scene.manifest()
    failed = scene.queue("prepare")
    scene.jobs.cancel(failed.id)
    state = scene.projects.stages(scene.project.id)[5]
    assert (state.name, state.status, state.job_id) == ("prepare", JobStatus.CANCELLED, failed.id)
    assert state.artifact_id == manifest.id
    assert scene.projects.current(scene.project.id, "prepare") == manifest.id


def read_for(scene: Scene, key: str | None, *, is_step: bool) -> str:
    """Let a dataset be committed under this key; return its id."""
    dataset = extra_dataset(scene, ["yes"] if key is None else ["yes", key])
    jobs = scene.storage._state.jobs
    newest = max(jobs)
    changed = {"idempotency_key": key, "parent_id": 1 if is_step else None}
    jobs[newest] = jobs[newest].model_copy(update=changed)
    return dataset.id


def test_rows_that_were_read_only_to_evaluate_on_do_not_become_the_projects_data(scene: Scene) -> None:
    own = read_for(scene, None, is_step=False)
    read_for(scene, "evaluation:1:map_commit", is_step=True)
    assert scene.projects.current(scene.project.id, "map_commit") == own
    assert scene.projects.stages(scene.project.id)[3].artifact_id == own


def test_a_users_own_key_does_not_hide_an_import(scene: Scene) -> None:
    own = read_for(scene, "evaluation:monday", is_step=False)
    assert scene.projects.current(scene.project.id, "map_commit") == own


def test_what_never_was_has_no_product(scene: Scene) -> None:
    assert scene.projects.current(scene.project.id, "train", "evaluate") is None


def test_a_project_that_does_not_exist_is_named(scene: Scene) -> None:
    nobody = ProjectId(404)
    for ask in (scene.projects.get, scene.projects.stages, scene.projects.artifacts):
        with pytest.raises(NotFoundError, match="404"):
            ask(nobody)
