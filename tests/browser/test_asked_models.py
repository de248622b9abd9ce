"""Pages that ask models, in a real browser over a real server: what to expect, which base model or recipe, a talk."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hostile_life import MODEL
from tests.browser.window import Window
from tests.journeys.brew import QUICK, Brew, Inside, Server, write_chat


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Brew]:
    """Two projects: one whose data is prepared and that was not trained yet, and an empty one."""
    brew = Brew(tmp_path_factory.mktemp("workspace") / "home")
    inside = Inside(brew.home)
    inside.run("project", "create", "--name", "sums")
    inside.run("project", "create", "--name", "empty")
    inside.run("dataset", "import", "--project", "1", str(write_chat(folder / "sums.jsonl", num_rows=300)))
    inside.run("prepare", "--project", "1")
    (folder / "twin").symlink_to(MODEL)
    yield brew
    brew.end_workers()


def test_a_check_that_blocks_says_why_and_one_that_passes_what_it_costs(window: Window) -> None:
    page = window.open("/projects/2/preflight")
    expect(page.get_by_text("There is nothing to check")).to_be_visible()
    page = window.open("/projects/1/preflight")
    expect(page.get_by_text("Nothing was checked yet.")).to_be_visible()
    model = page.get_by_label("Base model", exact=False).first
    model.fill("/nowhere/model")
    page.get_by_role("button", name="Check it").click()
    failed = page.get_by_role("main").get_by_role("alert").filter(has_text="/nowhere/model")
    expect(failed).to_be_visible()
    assert window.problems() == []
    _forget_refusals(window)
    model.fill("brewslm-tiny-v1")
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_text("It can be trained.")).to_be_visible()
    expect(failed).to_have_count(0)
    expect(page.get_by_role("img", name="Memory: ")).to_be_visible()


@pytest.mark.long
def test_a_forecast_is_made_from_the_newest_plan_and_refused_without_one(window: Window) -> None:
    page = window.open("/projects/2/preflight")
    page.get_by_role("button", name="Forecast the newest plan").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert window.problems() == []
    page = window.open("/projects/1/preflight")
    expect(page.get_by_text("No forecast was made yet.")).to_be_visible()
    page.get_by_role("button", name="Forecast the newest plan").click()
    expect(page.get_by_text(re.compile(r"to beat its base by the gates \(\d+ %\)"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"in 8 of 10 such runs between"))).to_be_visible()
    assert window.problems() == []


def test_base_models_are_compared_and_one_that_is_none_is_named(window: Window, folder: Path) -> None:
    page = window.open("/projects/1/preflight")
    expect(page.get_by_text("No base models were compared yet.")).to_be_visible()
    compare = page.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    page.get_by_label("Base models", exact=False).fill(f"brewslm-tiny-v1, {folder / 'twin'}, /nowhere/model")
    page.get_by_label("Eval rows").fill("20")
    page.get_by_label("Steps of training").fill("2")
    compare.click()
    expect(page.get_by_text("The answer:")).to_be_visible()
    table = page.get_by_role("region", name="Base models")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table.get_by_text("cannot tell")).to_be_visible()
    expect(page.get_by_text("/nowhere/model was not measured: ")).to_be_visible()
    assert window.problems() == []


def test_base_and_checkpoint_answer_side_by_side_and_can_be_stopped(
    window: Window, server: Server, workspace: Brew
) -> None:
    page = window.open("/projects/1/playground")
    expect(page.get_by_text("Nothing was said yet.")).to_have_count(2)
    expect(page.get_by_role("heading", name="Base model")).to_have_count(2)  # there is nothing else to talk to yet
    launch = {"autopilot": True, "one_click": True, "overrides": QUICK}
    job = server.finish(server.post("/api/projects/1/training/run", launch)[1]["id"])
    assert job["status"] == "completed", job["error"]
    page = window.open("/projects/1/playground")
    page.reload()
    expect(page.get_by_role("heading", name=re.compile("Experiment 1, step 6"))).to_be_visible()
    logs = page.get_by_role("log")
    page.get_by_label("Your message to both").fill("Never mind.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("loaded first").first).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    page.get_by_role("button", name="Begin anew").click()
    expect(page.get_by_text("Nothing was said yet.")).to_have_count(2)

    _ask(page, "What is 2 + 2?", longest=24)
    answers = [_answer(page, side) for side in (0, 1)]
    assert all(answers)
    assert answers[0] != answers[1]
    assert window.problems() == []

    page.get_by_role("combobox", name="Left model").click()
    page.get_by_role("option", name=re.compile("step 3")).click()
    expect(page.get_by_role("heading", name=re.compile("Experiment 1, step 3"))).to_be_visible()
    expect(logs.first.get_by_text("Nothing was said yet.")).to_be_visible()
    expect(logs.last.get_by_text("What is 2 + 2?")).to_be_visible()
    _ask(page, "What is 2 + 2?", longest=24)
    assert _answer(page, 0)

    page.get_by_role("button", name="Begin anew").click()
    expect(page.get_by_text("Nothing was said yet.")).to_have_count(2)


def test_a_sweep_is_asked_for_compared_and_its_curves_laid_over_each_other(window: Window, server: Server) -> None:
    page = window.open("/projects/1/experiments")
    expect(page.get_by_text("No sweeps yet.")).to_be_visible()
    values = page.get_by_label("Values to try")
    values.fill("optim.learning_rate")
    expect(page.get_by_text("Write each line as field = value, value")).to_be_visible()
    values.fill("data.total_step = 2, 3")
    page.get_by_role("button", name="Train 2 times").click()
    expect(page.get_by_role("main").get_by_role("alert")).to_contain_text("did you mean data.total_steps?")
    _forget_refusals(window)
    values.fill("data.total_steps = 2, 3")
    page.get_by_role("button", name="Train 2 times").click()
    table = page.get_by_role("region", name="Trainings of sweep-1")
    expect(table.get_by_role("row")).to_have_count(3)
    (sweep,) = server.get("/api/projects/1/sweeps")
    assert all(server.finish(run["job_id"])["status"] == "completed" for run in sweep["runs"])
    expect(table.locator("[data-status=completed]")).to_have_count(2)
    expect(page.get_by_text(re.compile(r"The lowest eval loss is [\d.]+: data.total_steps = [23]."))).to_be_visible()
    assert window.problems() == []
    page.mouse.move(0, 0)  # what is announced stays as long as the pointer lies on it
    page.get_by_role("button", name="Compare the curves of sweep-1").click()
    expect(page).to_have_url(re.compile(r"compare=\d+,\d+|compare=\d+%2C\d+"))
    assert window.problems() == []


def test_what_the_models_refuse_is_told_beside_the_conversation(window: Window) -> None:
    page = window.open("/projects/1/playground")
    _ask(page, "word " * 3000, longest=24)
    expect(page.get_by_role("main").get_by_role("alert")).to_have_count(2)
    assert window.problems() == []
    _forget_refusals(window)
    _ask(page, "What is 2 + 2?", longest=24)
    expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)
    assert all(_answer(page, side) for side in (0, 1))
    window.refuse("**/chat")
    _ask(page, "Are you there?", longest=24)
    expect(page.get_by_text("No answer from").first).to_be_visible()
    window.complaints.clear()


def _forget_refusals(window: Window) -> None:
    """A browser writes each answer of 4xx to its console; nothing else may be there."""
    assert {line for line in window.complaints if "status of 400 (Bad Request)" not in line} == set()
    window.complaints.clear()


def _ask(page: Page, text: str, *, longest: int) -> None:
    """Ask both, and wait until both have said what they say."""
    page.get_by_label("Longest answer").fill(str(longest))
    page.get_by_label("Your message to both").fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Your message to both")).to_have_value("")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)


def _answer(page: Page, side: int) -> str:
    """What one of them said last."""
    return page.get_by_role("log").nth(side).locator(".studio-said").last.inner_text()
