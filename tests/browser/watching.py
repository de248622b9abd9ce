"""What is asked of a job's page that somebody watches."""

import csv
import io
from typing import Any

from playwright.sync_api import Page

UNTOLD = frozenset({"progress", "ended"})
"""Rows of the journal that are no line of the log."""
_HIDE = """(isHidden) => {
  const told = { hidden: isHidden, visibilityState: isHidden ? "hidden" : "visible" };
  for (const [name, value] of Object.entries(told)) {
    Object.defineProperty(document, name, { configurable: true, get: () => value });
  }
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def hide(page: Page, *, is_hidden: bool) -> None:
    """Let the page believe that nobody sees it, or somebody again."""
    page.evaluate(_HIDE, is_hidden)


def shown_step(page: Page, step: int) -> None:
    """Wait until the page has come to a step."""
    page.wait_for_function(
        "wanted => [...document.querySelectorAll('.job-log li')].some(line => "
        "Number(/^step=(\\d+)/.exec(line.lastElementChild.textContent)?.[1] ?? 0) >= wanted)",
        arg=step,
    )


def check_whole(page: Page, job_id: int, rows: list[dict[str, Any]]) -> None:
    """Compare log and curve of the page with the ledger: every row once, each with its value."""
    keys: list[str] = page.locator(".job-log li").evaluate_all("lines => lines.map(line => line.dataset.key)")
    assert len(keys) == len(set(keys))
    shown = {key for key in keys if key.startswith("row-")}
    assert shown == {f"row-{job_id}-{row['seq']}" for row in rows if row["kind"] not in UNTOLD}
    table = saved_curve(page)
    losses = [(row["step"], row["body"]["loss"]) for row in rows if row["kind"] == "log"]
    assert [(int(row["step"]), float(row["loss"])) for row in table if row["loss"]] == losses
    evals = [(row["step"], row["body"]["eval_loss"]) for row in rows if row["kind"] == "eval"]
    assert [(int(row["step"]), float(row["eval_loss"])) for row in table if row["eval_loss"]] == evals


def saved_curve(page: Page) -> list[dict[str, Any]]:
    """Save the curve as a reader would, and read the file."""
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"), newline="")))
