"""The Studio's pages in a real browser, over a real server: from an empty workspace on, in this order."""

import csv
import gzip
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.watching import hide
from tests.browser.window import Window
from tests.journeys.brew import Server

MAX_SCRIPT_BYTES = 300_000
"""Gzipped, at first load."""
HOSTILE = '<img src=x onerror="document.title=1">'
ROUTES = (
    *("/", "/jobs", "/jobs/1", "/projects", "/projects/1", "/settings", "/nowhere"),
    *(f"/projects/1/data?tab={tab}" for tab in ("import", "health", "rows", "splits")),
    *("/projects/1/preflight", "/projects/1/training?set=optim.learning_rate%3D0.001"),
    *(f"/projects/1/{page}" for page in ("experiments", "evaluate", "release", "activity")),
)
BROKEN = "brew = create_brew("
PAST_REST_MS = 61_000
"""A tab that nobody looks at lets go of its stream after a minute."""
KEEP_TOLD = """() => {
  window.told = [];
  window.Notification = class extends Notification {
    constructor(...words) {
      super(...words);
      window.told.push(this);
    }
  };
}"""
"""The browser's own notifications, kept so that a test can look at them and click on one."""
WHOLE = """from brewslm import create_brew, create_trainer
brew = create_brew(trainer=create_trainer(name="mended", dataset="sample:general-chat-v1"))
"""


def test_an_empty_workspace_says_what_to_do(window: Window, folder: Path) -> None:
    page = window.open("/")
    expect(page.get_by_text("No trainer yet.")).to_be_visible()
    expect(page.get_by_text(str(folder))).to_be_visible()
    expect(page.get_by_role("button", name="Run training")).to_be_disabled()
    assert page.title() == "Home · BrewSLM"
    expect(window.open("/jobs").get_by_text("No jobs yet.")).to_be_visible()
    expect(window.open("/projects").get_by_text("No projects yet.")).to_be_visible()
    assert window.problems() == []


def test_a_project_is_created_and_its_name_is_only_text(window: Window) -> None:
    page = window.open("/projects")
    page.get_by_role("button", name="New project").click()
    page.get_by_label("Name").fill(HOSTILE)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.get_by_role("list", name="Stages").get_by_role("listitem")).to_have_count(11)
    expect(page.get_by_text("Next: Bring in data.")).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


def test_jobs_appear_and_end_without_a_reload(window: Window, server: Server) -> None:
    page = window.open("/jobs")
    expect(page.locator("[data-link=live]")).to_be_visible()
    server.post("/api/projects/1/datasets/import", {"locator": "sample:general-chat-v1"})
    server.post("/api/projects/1/datasets/import", {"locator": "/nowhere/at/all.csv"})
    row = page.get_by_role("row", name=re.compile(r"import-1\b"))
    expect(row.locator("[data-status=completed]")).to_be_visible()
    failed = page.locator("[data-status=failed]")
    expect(failed).to_be_visible()
    expect(page.get_by_text("/nowhere/at/all.csv").first).to_be_visible()
    page.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name="failed").click()
    expect(row).to_have_count(0)
    expect(failed).to_be_visible()
    page.get_by_label("Search jobs").fill("no job is called like this")
    expect(page.get_by_text("No job is like that.")).to_be_visible()


def test_the_bell_counts_what_nobody_has_read_and_forgets_nothing(window: Window) -> None:
    page = window.open("/")
    bell = page.get_by_role("button", name="Notifications")
    expect(bell).to_have_accessible_name(re.compile(r"Notifications, [1-9]\d* unread"))
    bell.click()
    assert window.problems() == []
    page.get_by_role("button", name="Mark all as read").click()
    expect(bell).to_have_accessible_name("Notifications, 0 unread")
    page.reload()
    expect(bell).to_have_accessible_name("Notifications, 0 unread")


def test_news_come_as_toasts_and_on_the_desktop_where_nobody_looks(window: Window, server: Server) -> None:
    window.page.context.grant_permissions(["notifications"], origin=server.url)
    window.page.add_init_script(f"({KEEP_TOLD})()")
    window.page.clock.install()
    window.page.reload()
    page = window.open("/settings")
    expect(page.get_by_role("button", name=re.compile("Notifications, 0 unread"))).to_be_visible()
    toasts = page.get_by_role("alert").filter(has=page.get_by_role("button", name="Close"))
    server.post("/api/projects/1/datasets/import", {"locator": "/seen/by/somebody.csv"})
    expect(toasts.filter(has_text="/seen/by/somebody.csv")).to_have_count(1)
    assert window.problems() == []
    assert page.evaluate("told.length") == 0
    hide(page, is_hidden=True)
    page.clock.fast_forward(PAST_REST_MS)
    server.post("/api/projects/1/datasets/import", {"locator": "/seen/by/nobody.csv"})
    page.wait_for_function("() => told.length > 0")
    assert page.evaluate("told.map(({ body }) => body.includes('/seen/by/nobody.csv'))") == [True]
    hide(page, is_hidden=False)
    page.evaluate("told[0].dispatchEvent(new Event('click'))")
    expect(page.get_by_role("main").get_by_text("/seen/by/nobody.csv").first).to_be_visible()
    toasts.filter(has_text="/seen/by/nobody.csv").get_by_role("button", name="Close").click()
    expect(toasts.filter(has_text="/seen/by/nobody.csv")).to_have_count(0)
    toasts.filter(has_text="/seen/by/somebody.csv").get_by_role("link").click()
    expect(page.get_by_role("main").get_by_text("/seen/by/somebody.csv").first).to_be_visible()
    bell = page.get_by_role("button", name="Notifications")
    expect(bell).to_have_accessible_name("Notifications, 2 unread")


@pytest.mark.parametrize("route", ROUTES)
def test_every_page_is_accessible_in_both_themes_and_widths(window: Window, route: str) -> None:
    window.open(route)
    assert window.problems() == []


def test_pages_of_results_say_what_is_missing_and_what_makes_it(window: Window) -> None:
    expect(window.open("/projects/1/experiments").get_by_text("No experiments yet.")).to_be_visible()
    page = window.open("/projects/1/evaluate")
    expect(page.get_by_text("No evaluation yet.")).to_be_visible()
    page.get_by_role("button", name="Evaluate").click()
    page.get_by_role("link", name=re.compile(r"evaluation-\d+")).click()
    expect(page.locator("[data-status=failed]").first).to_be_visible()
    page = window.open("/projects/1/release")
    expect(page.get_by_text("No release yet.")).to_be_visible()
    expect(page.get_by_text("Nothing is evaluated yet.")).to_be_visible()


def test_activity_tells_failures_chooses_events_and_verifies_the_record(window: Window) -> None:
    page = window.open("/projects/1/activity")
    expect(page.get_by_role("list", name="Failures").get_by_text("There is no file '/").first).to_be_visible()
    events = page.get_by_role("list", name="Events, the newest first").get_by_role("listitem")
    expect(events.filter(has_text="rows read").first).to_be_visible()
    page.get_by_role("combobox", name="Severity").click()
    page.get_by_role("option", name="error").click()
    expect(events.filter(has_text="rows read")).to_have_count(0)
    expect(events.filter(has_text="/nowhere/at/all.csv").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV, these events").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    assert {row["severity"] for row in rows} == {"error"}
    page.reload()
    expect(events.filter(has_text="/nowhere/at/all.csv").first).to_be_visible()
    expect(events.filter(has_text="rows read")).to_have_count(0)
    page.get_by_role("button", name="Show everything").click()
    expect(events.filter(has_text="rows read").first).to_be_visible()
    runs = page.get_by_role("list", name="Runs").get_by_role("listitem")
    page.keyboard.press("/")
    page.keyboard.type("ROWS READ")
    expect(events.filter(has_text="was created on base model")).to_have_count(0)
    expect(events.filter(has_text="rows read").first).to_be_visible()
    expect(runs.first).to_contain_text("import-")
    page.get_by_role("textbox", name="Run").fill("nothing-1")
    expect(page.get_by_text("No event is like that.")).to_be_visible()
    expect(page.get_by_text("No run has such an event.")).to_be_visible()
    page.get_by_role("button", name="Show everything").click()
    page.get_by_role("button", name="With every file").click()
    expect(page.get_by_text("whole", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"files \(.+\) hashed"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as JSONL, all events").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert "project_created" in lines[0]


def test_activity_makes_a_bundle_for_support_and_gives_it_out_once(window: Window) -> None:
    page = window.open("/projects/1/activity")
    page.get_by_role("button", name="Make a bundle").click()
    link = page.get_by_role("link", name=re.compile("^Download "))
    address = link.get_attribute("href")
    with page.expect_download() as download:
        link.click()
    assert "index.html" in zipfile.ZipFile(download.value.path()).namelist()
    expect(page.get_by_text("The download has begun.")).to_be_visible()
    assert page.request.get(f"{page.url.split('/#')[0]}{address}").status == 404


def test_keys_lead_to_the_search_the_help_and_the_pages(window: Window) -> None:
    page = window.open("/settings")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")
    page.keyboard.press("/")
    expect(page.get_by_label("Search projects")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Help and keys")).to_be_visible()
    assert window.problems() == []
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_was_known_stays_when_the_server_goes(window: Window) -> None:
    page = window.open("/projects")
    window.refuse("**/api/**")
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("That did not work").first).to_be_visible()
    assert window.problems() == []


def test_a_trainer_is_mended_run_and_stopped(window: Window, folder: Path) -> None:
    (folder / "brew.py").write_text(BROKEN)
    page = window.open("/")
    expect(page.get_by_text("Couldn't read manifest: ")).to_be_visible()
    (folder / "brew.py").write_text(WHOLE)
    run = page.get_by_role("button", name="Run training: mended")
    expect(run).to_be_enabled()
    run.click()
    expect(run).to_be_disabled()
    output = page.get_by_role("log")
    expect(output).to_contain_text("mended")
    window.open("/jobs")
    window.open("/")
    expect(output).to_contain_text("mended")
    assert window.problems() == []
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("was asked to stop")).to_be_visible()
    expect(run).to_be_enabled()


def test_the_first_load_is_small_and_runs_no_inline_script(window: Window) -> None:
    scripts: list[bytes] = []
    window.page.on("response", lambda got: scripts.append(got.body()) if got.url.endswith(".js") else None)
    page = window.open("/")
    assert 0 < sum(len(gzip.compress(script)) for script in scripts) < MAX_SCRIPT_BYTES
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.hurt = 1'}))"
    )
    assert page.evaluate("window.hurt") is None
    assert [line for line in window.complaints if "Content Security Policy" in line]
    window.complaints.clear()
