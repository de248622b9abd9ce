"""A run that is watched through a cut connection and from a hidden tab: the page has every row of the ledger, once."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings
from tests.browser.served import served
from tests.browser.watching import check_whole, hide, shown_step
from tests.browser.window import Window
from tests.fakes.written_run import WrittenRun

TABS = ("Advanced", "Health", "Results", "Artifacts", "Recipe")
CUT = "Failed to load resource: net::ERR_"
PAST_REST_MS = 61_000
"""A tab that nobody looks at lets go of its connection after a minute."""


def test_a_cut_stream_and_a_hidden_tab_lose_nothing_and_show_nothing_twice(browser: Browser, tmp_path: Path) -> None:
    run = WrittenRun(open_house(Settings(home=tmp_path / "home", is_offline=True), actor="api"), total_steps=60)
    run.steps(10)
    with served(run.house) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page = context.new_page()
        page.clock.install()
        page.goto(server.login)
        window = Window(page, server.url)
        window.open(f"/jobs/{run.job.id}")
        shown_step(page, 10)
        expect(page.get_by_test_id("phase")).to_have_text("Active watch (10 of 12 steps)")

        context.set_offline(True)  # so that it cannot connect again,
        server.cut()  # because what is open stays so
        run.steps(10)
        run.evaluate()
        interrupted = page.get_by_text("Event stream interrupted")
        expect(interrupted).to_be_visible()
        context.set_offline(False)
        shown_step(page, 20)
        expect(interrupted).to_have_count(0)
        assert [line for line in window.complaints if not line.startswith(CUT)] == []
        window.complaints.clear()

        hide(page, is_hidden=True)
        with page.expect_event("requestfailed", lambda request: request.url.endswith(f"/jobs/{run.job.id}/events")):
            page.clock.fast_forward(PAST_REST_MS)
        run.steps(10)
        hide(page, is_hidden=False)
        shown_step(page, 30)

        run.steps(30)
        run.evaluate()
        run.finish()
        expect(page.get_by_test_id("phase")).to_have_text("Completed")
        check_whole(page, run.job.id, run.rows())
        assert window.complaints == []
        assert window.problems() == []
        for tab in TABS:
            page.get_by_role("tab", name=tab).click()
            expect(page.get_by_label("Loading")).to_have_count(0)
            assert window.problems() == [], tab
        context.close()
