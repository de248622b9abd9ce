"""A training watched in a browser, through all that comes between: its curve is whole, and nothing comes twice."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.watching import check_whole, hide, shown_step
from tests.browser.window import Window
from tests.journeys.brew import ENDLESS, LONG, Brew, Server, has_checkpoint, last_step, wait_for, write_chat


@pytest.fixture
def brew(tmp_path: Path) -> Iterator[Brew]:
    """A workspace with a dataset that is trained on in a minute."""
    brew = Brew(tmp_path / "home")
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    yield brew
    brew.end_workers()


@pytest.mark.long
def test_a_run_is_whole_after_a_reload_a_hidden_tab_and_a_killed_server(browser: Browser, brew: Brew) -> None:
    context = browser.new_context()
    context.set_default_timeout(120_000)
    with brew.server() as server:
        job_id, train_id = begin(server, brew, LONG)
        window = signed_in(context, server)
        page = window.open(f"/jobs/{train_id}")
        expect(page.get_by_test_id("phase")).to_have_text(re.compile(r"Warming up|Active watch|Patrol"))
        shown_step(page, 8)
        page.reload()
        shown_step(page, 12)

        hide(page, is_hidden=True)
        wait_for(lambda: last_step(brew.home) >= 18, "steps that nobody sees")
        hide(page, is_hidden=False)
        shown_step(page, 18)

        server.process.kill()
        server.process.wait(60)
        expect(page.get_by_text("Event stream interrupted")).to_be_visible()
        wait_for(lambda: last_step(brew.home) >= 32, "steps without a server")

    with brew.server(port=int(server.url.rsplit(":", 1)[1])) as server:
        expect(page.get_by_text("Event stream interrupted")).to_have_count(0)
        expect(page.get_by_test_id("phase")).to_have_text("Completed")
        assert server.finish(job_id)["status"] == "completed"
        rows = server.get(f"/api/jobs/{train_id}/metrics")
        assert [row["step"] for row in rows if row["kind"] == "log"] == list(range(1, LONG["data.total_steps"] + 1))
        check_whole(page, train_id, rows)
        assert window.problems() == []
    context.close()


@pytest.mark.long
def test_a_run_is_paused_resumed_forked_and_cancelled_from_its_page(browser: Browser, brew: Brew) -> None:
    context = browser.new_context()
    context.set_default_timeout(120_000)
    with brew.server() as server:
        job_id, _ = begin(server, brew, ENDLESS)
        page = signed_in(context, server).open(f"/jobs/{job_id}")
        press(page, "Pause")
        expect(page.get_by_test_id("phase")).to_have_text("Paused")
        press(page, "Resume")
        expect(page.get_by_test_id("phase")).to_have_text(re.compile("Training|Starting|Recovering"))
        page.get_by_role("button", name="Fork…").click()
        page.get_by_role("dialog").get_by_label("Learning rate").fill("0.0005")
        page.get_by_role("dialog").get_by_role("button", name="Fork").click()
        expect(page).not_to_have_url(re.compile(rf"/jobs/{job_id}$"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("Autopilot")
        press(page, "Cancel")
        expect(page.locator("[data-status=cancelled]").first).to_be_visible()
        page.goto(f"{server.url}/#/jobs/{job_id}")
        press(page, "Cancel")
        expect(page.locator("[data-status=cancelled]").first).to_be_visible()
        expect(page.get_by_role("button", name="Retry")).to_be_visible()
        assert server.finish(job_id)["status"] == "cancelled"
    context.close()


def signed_in(context: BrowserContext, server: Server) -> Window:
    """Open a window that the server knows, as `brewslm open` does."""
    page = context.new_page()
    page.goto(server.post("/api/login-addresses", None)[1]["url"])
    return Window(page, server.url)


def begin(server: Server, brew: Brew, plan: dict[str, int]) -> tuple[int, int]:
    """Begin to train, and return the flow and the step of it that trains, once that has a checkpoint."""
    launch = {"autopilot": True, "one_click": True, "overrides": plan}
    _, job = server.post("/api/projects/1/training/run", launch)
    wait_for(lambda: has_checkpoint(brew.home), "the first checkpoint")
    (train,) = server.get(f"/api/jobs?parent_id={job['id']}&kind=train")["jobs"]
    return job["id"], train["id"]


def press(page: Page, name: str) -> None:
    """Press a button, and confirm."""
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
