"""A project's data, preflight and training in a real browser: from a file to a plan, in this order."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.window import Window
from tests.journeys.brew import Server

HOSTILE = '<img src=x onerror="document.title=1">'
ROWS = "".join(f'How does part {n} work?,"It turns {n} times, then it stops."\n' for n in range(30))
SOURCE = f"question,answer\n{ROWS}{HOSTILE},It is only text.\n,nobody asked\n"


def test_a_file_becomes_a_dataset_and_every_rejection_is_shown(window: Window, server: Server, tmp_path: Path) -> None:
    server.post("/api/projects", {"name": "pages"})
    file = tmp_path / "parts.csv"
    file.write_text(SOURCE)
    page = window.open("/projects/1/data")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("all here")).to_be_visible()
    page.get_by_role("button", name="Read the source").click()
    page.get_by_role("button", name="Find the mapping").click()
    expect(page.get_by_role("radio", name="qa", exact=True)).to_be_checked()
    assert window.problems() == []
    page.get_by_role("button", name="Try the mapping").click()
    expect(page.get_by_text("31 become examples")).to_be_visible()
    page.reload()
    expect(page.get_by_text("the field 'question' is empty")).to_be_visible()
    assert window.problems() == []
    page.get_by_role("button", name="Commit as a dataset").click()
    page.get_by_role("link", name="Rejections").click()
    page.get_by_role("button", name="Edit row 31").click()
    page.get_by_label("Record, a JSON object").fill('{"question": "Who asked?", "answer": "Nobody."}')
    page.get_by_role("button", name="Keep the edit").click()
    page.get_by_role("button", name="Run 1 mended row again").click()
    expect(page.get_by_text("0 rejected rows").or_(page.get_by_text("No rows"))).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


def test_data_is_tried_for_cleaning_split_and_seen_token_by_token(window: Window) -> None:
    page = window.open("/projects/1/data?tab=cleaning")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("32 examples become 32")).to_be_visible()
    page.get_by_role("tab", name="Splits and leaks").click()
    page.get_by_role("button", name="Prepare").click()
    expect(page.get_by_role("region", name="Splits", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Mask X-ray").click()
    expect(page.locator(".data-token[data-state=trained]").nth(2)).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Example 1 of")).to_be_visible()
    assert window.problems() == []


def test_a_plan_follows_what_is_set_and_says_why(window: Window) -> None:
    page = window.open("/projects/1/training")
    page.get_by_text("Data 6 fields").click()
    steps = page.get_by_label("total_steps")
    steps.fill("0")
    expect(page.get_by_role("button", name="Plan it")).to_be_disabled()
    steps.fill("3")
    page.reload()
    expect(steps).to_have_value("3")
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_text("Planned;")).to_be_visible()
    page = window.open("/projects/1/preflight")
    expect(page.get_by_text("It can be trained.")).to_be_visible()
    expect(page.get_by_role("img", name="Memory: ")).to_be_visible()
    row = page.get_by_role("row", name="data.total_steps")
    expect(row).to_contain_text("flag")
    assert window.problems() == []
