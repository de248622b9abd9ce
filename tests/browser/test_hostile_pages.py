"""Hostile text stays text in every page (promise G4): each free text of a whole life is hostile, and Chromium draws it.

The pages of one workspace, in this order.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.drawn import Drawn
from tests.browser.hostile_life import FILE_NAME, lead_hostile_life
from tests.browser.window import Window
from tests.fakes.hostile import MARK, STRINGS, is_drawable, is_storable
from tests.journeys.brew import Brew, Server

PAGE_ROWS = 25
BAD_REQUEST = "the server responded with a status of 400 (Bad Request)"
VISIBLE_NAME = FILE_NAME.replace("\u202e", "")
PLAIN = ("/", "/jobs", "/projects", "/projects/1", "/settings")
TABS = ("import", "health", "rows", "rejections", "cleaning", "splits", "xray")
PAGES = ("preflight", "training", "experiments", "experiments?compare=1", "evaluate", "release", "activity")
ROUTES = (*PLAIN, *(f"/projects/1/data?tab={tab}" for tab in TABS), *(f"/projects/1/{page}" for page in PAGES))
TALKATIVE = f"""from brewslm import create_brew, create_trainer
for line in {[text for text in STRINGS if is_storable(text)]!r}:
    print(line)
brew = create_brew(trainer=create_trainer(name="t", dataset="sample:general-chat-v1"))
"""
BROKEN = f"raise ValueError('<img src=x onerror=window.{MARK}=1>\\u202e')\n"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Brew]:
    led = lead_hostile_life(folder)
    brew = Brew(led.home, led.variables)
    yield brew
    brew.end_workers()


@pytest.fixture(scope="module")
def opened(browser: Browser, server: Server) -> Iterator[tuple[Window, Drawn]]:
    """One narrow window for all pages, and who looks at them."""
    context = browser.new_context(viewport={"width": 360, "height": 900}, color_scheme="dark", reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()
    drawn = Drawn(context, page, server.url)
    page.goto(server.post("/api/login-addresses", None)[1]["url"])
    yield Window(page, server.url), drawn
    context.close()


@pytest.fixture
def visit(opened: tuple[Window, Drawn]) -> Iterator[tuple[Window, Drawn]]:
    """The window in one test, at the end of which nothing had gone wrong."""
    window, drawn = opened
    yield opened
    complaints, wrong = [*window.complaints], [*drawn.wrong]
    window.complaints.clear()
    drawn.wrong.clear()
    assert complaints == []
    assert wrong == [], "\n".join(wrong)


def test_every_page_draws_it_and_nothing_of_it_runs(visit: tuple[Window, Drawn], server: Server) -> None:
    window, drawn = visit
    jobs = [f"/jobs/{job['id']}" for job in server.get("/api/jobs?limit=100")["jobs"]]
    for route in (*ROUTES, *jobs):
        window.open(route)
        drawn.look(route)


def test_every_string_is_drawn_among_the_examples(visit: tuple[Window, Drawn], server: Server) -> None:
    window, drawn = visit
    (dataset, *_) = server.get("/api/projects/1/artifacts?kind=dataset")
    num_rows = dataset["body"]["tally"]["accepted"] + dataset["body"]["tally"]["repaired"]
    for start in range(0, num_rows, PAGE_ROWS):
        route = f"/projects/1/data?tab=rows&artifact={dataset['id']}&table=examples&start={start}"
        window.open(route)
        drawn.look(route)
    page = window.page
    page.get_by_label("Row of the source, from 0").fill("3")
    page.get_by_role("button", name="Follow it").click()
    drawn.look("the way of a row")
    seen = "\n".join(drawn.texts)
    assert [text for text in STRINGS if is_drawable(text) and text.strip() not in seen] == []


def test_what_opens_on_a_page_draws_it_as_text(visit: tuple[Window, Drawn], server: Server) -> None:
    window, drawn = visit
    page = window.open("/projects/1/data?tab=rejections")
    page.get_by_role("button", name=re.compile("^Edit row")).first.click()
    drawn.look("the record of a rejected row")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Notifications")).click()
    drawn.look("the bell")
    page.keyboard.press("Escape")
    for route in ("/projects/1/evaluate", "/projects/1/release", "/projects/1/data?tab=rows", "/jobs"):
        _open_lists(window.open(route), drawn, route)
    (train,) = (job for job in server.get("/api/jobs?kind=train&status=completed")["jobs"])
    page = window.open(f"/jobs/{train['id']}")
    for tab in ("Advanced", "Health", "Results", "Artifacts", "Recipe"):
        page.get_by_role("tab", name=tab).click()
        drawn.look(f"{tab} of a training")


def test_pages_full_of_results_are_accessible_with_everything_open(visit: tuple[Window, Drawn]) -> None:
    window, _ = visit
    for route in ("/projects/1/training", "/projects/1/experiments", "/projects/1/evaluate", "/projects/1/release"):
        page = window.open(route)
        for summary in page.locator("summary").all():
            summary.click()
        expect(page.get_by_label("Loading")).to_have_count(0)
        assert "\n".join(window.problems()) == "", route


def test_a_hand_over_to_a_runtime_that_is_not_there_is_told(visit: tuple[Window, Drawn]) -> None:
    window, _ = visit
    window.open("/")  # the page that is open already would stay as it is
    page = window.open("/projects/1/release")
    page.locator("summary").filter(has_text="Smoke-test it").first.click()
    page.get_by_label("Address of a runtime that serves it").first.fill("http://127.0.0.1:9/v1")
    page.get_by_label("Name of the model there").first.fill("mine")
    page.get_by_role("button", name="Register").first.click()
    page.get_by_role("link", name=re.compile(r"deploy-\d+")).first.click()
    expect(page.locator("[data-status=failed]").first).to_be_visible()
    expect(page.get_by_text("http://127.0.0.1:9/v1/models does not answer").first).to_be_visible()
    page.reload()  # without what is announced, which lies over the page


def test_a_file_is_brought_in_by_its_hostile_name_and_columns(visit: tuple[Window, Drawn], folder: Path) -> None:
    window, drawn = visit
    page = window.open("/projects/1/data")
    page.locator("input[type=file]").set_input_files(folder / FILE_NAME)
    expect(page.get_by_text("is no name for a file")).to_be_visible()
    drawn.look("an upload that is refused")
    assert [*map(_told, window.complaints)] == [BAD_REQUEST]
    window.complaints.clear()
    page.locator("input[type=file]").set_input_files(
        {"name": VISIBLE_NAME, "mimeType": "", "buffer": (folder / FILE_NAME).read_bytes()}
    )
    expect(page.get_by_text("all here")).to_be_visible()
    drawn.look("an upload")
    page.get_by_role("button", name="Read the source").click()
    page.get_by_role("button", name="Find the mapping").click()
    expect(page.get_by_role("radio", name="qa", exact=True)).to_be_checked()
    drawn.look("the readings of a source")
    page.get_by_role("button", name="Try the mapping").click()
    expect(page.get_by_role("button", name="Commit as a dataset")).to_be_visible()
    drawn.look("a preview")
    page = window.open("/projects/1/data?tab=cleaning")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text(re.compile(r"examples become \d"))).to_be_visible()
    drawn.look("a preview of cleaning")


def test_a_question_and_what_the_models_answer_stay_text(visit: tuple[Window, Drawn]) -> None:
    window, drawn = visit
    page = window.open("/projects/1/playground")
    box = page.get_by_label("Your message to both")
    for text in (STRINGS[0], f"<img src=x onerror=window.{MARK}=1>\u2069\u202e"):
        box.fill(text)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        drawn.look("the playground")
        assert any(text in one for one in drawn.texts)


def test_what_a_trainer_prints_and_why_it_does_not_load_stay_text(visit: tuple[Window, Drawn], folder: Path) -> None:
    window, drawn = visit
    (folder / "brew.py").write_text(TALKATIVE, encoding="utf-8")
    page = window.open("/")
    page.get_by_role("button", name="Run training").click()
    expect(page.get_by_role("log")).to_contain_text("javascript:alert(1)")
    drawn.look("the output of a trainer")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("was asked to stop")).to_be_visible()
    (folder / "brew.py").write_text(BROKEN, encoding="utf-8")
    expect(page.get_by_text("Couldn't read manifest: ")).to_be_visible()
    drawn.look("a trainer that does not load")


def test_a_mistake_in_a_file_of_settings_is_told_as_text(
    visit: tuple[Window, Drawn], server: Server, workspace: Brew
) -> None:
    window, drawn = visit
    for name in ("thresholds", "alerts"):
        text = json.dumps({f"<svg onload=window.{MARK}=1>\u2069\u202e": "</script>"})
        (workspace.home / "config" / f"{name}.yaml").write_text(text, encoding="utf-8")
    page = window.open("/settings")
    expect(page.get_by_text(f"<svg onload=window.{MARK}=1>").first).to_be_visible()
    drawn.look("mistakes in files")
    assert {*map(_told, window.complaints)} == {BAD_REQUEST}
    window.complaints.clear()


def _told(complaint: str) -> str:
    return complaint.partition(": ")[2]


def _open_lists(page: Page, drawn: Drawn, where: str) -> None:
    """Open one list of choices after the other."""
    for box in page.get_by_role("combobox").all():
        if box.is_enabled():
            box.click()
            drawn.look(f"a list of {where}")
            page.keyboard.press("Escape")
