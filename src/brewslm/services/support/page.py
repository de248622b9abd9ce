"""The first page of a bundle: HTML without scripts, and nothing that is fetched from elsewhere."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

NUM_EVENTS = 200
_NOTE = (
    "Nothing of it was sent anywhere. Look through it before you pass it on: names of people, and what your own texts "
    "say, are not recognised."
)
_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.dim { opacity: .7; } code, .mono { font: .86em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; opacity: .7; white-space: nowrap; } td.number { text-align: right; }
.fail, .error, .critical { color: light-dark(#b3261e, #ff8a80); font-weight: 600; }
.warn, .warning { color: light-dark(#8a5300, #ffb74d); }
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a bundle, redacted, by name; and what limits them."""

    made_at: datetime
    num_days: int
    max_events: int
    files: Mapping[str, str]


def index_page(contents: Contents) -> str:
    """Return the page: what was taken out, the checks, failures by cause, the newest events, every file."""
    read = {name: json.loads(text) for name, text in contents.files.items() if name.endswith(".json")}
    events = [json.loads(line) for line in contents.files["events.jsonl"].splitlines()]
    made_at = contents.made_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    parts = [
        "<h1>BrewSLM support bundle</h1>",
        f'<p class="dim">Made {made_at}. {_NOTE}</p>',
        _section("Taken out", _redactions(read["redactions.json"])),
        _section("Versions", _table((), [(name, text) for name, text in read["versions.json"]["versions"].items()])),
        _section("Checks", _checks(read["doctor.json"])),
        _section("Failures by cause", _failures(read["failures.json"])),
        _section(f"Events of the last {contents.num_days} days", _events(events, contents)),
        _section("Files", _files(contents.files)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>BrewSLM support bundle</title>'
        f"<style>{_STYLE}</style></head><body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f'<h2>{escape(title)}</h2>\n<div class="wide">{body}</div>'


def _redactions(counts: Mapping[str, int]) -> str:
    if not counts:
        return "<p>Nothing was found that had to be taken out.</p>"
    return _table(("what", "times"), [(kind, f"{number:,}") for kind, number in counts.items()])


def _checks(checks: Sequence[Mapping[str, str]]) -> str:
    rows = [(one["check"], _Marked(one["level"]), one["seen"], one["next_step"]) for one in checks]
    return _table(("check", "level", "seen", "next step"), rows)


def _failures(page: Mapping[str, Any]) -> str:
    if not page["clusters"]:
        return "<p>Nothing has failed.</p>"
    rows = [
        (
            f"{one['num_failures']:,}",
            _Marked(one["severity"]),
            one["state"],
            one["reason"],
            one["examples"][-1]["message"],
            one["last_seen_at"],
            one["next_step"],
        )
        for one in page["clusters"]
    ]
    return _table(("times", "severity", "state", "reason", "the last one", "at", "next step"), rows)


def _events(events: Sequence[Mapping[str, Any]], contents: Contents) -> str:
    if not events:
        return "<p>There are none.</p>"
    rows = [
        (str(one["seq"]), one["occurred_at"], one["run_id"], _Marked(one["severity"]), one["reason"], one["summary"])
        for one in reversed(events[-NUM_EVENTS:])
    ]
    cut = f", at most {contents.max_events:,}" if len(events) >= contents.max_events else ""
    note = f'<p class="dim">The newest {len(rows):,} of {len(events):,}{cut}; all are in <code>events.jsonl</code>.</p>'
    return note + _table(("number", "at", "run", "severity", "reason", "what happened"), rows)


def _files(files: Mapping[str, str]) -> str:
    rows = [(_Link(name), f"{len(text.encode()):,}") for name, text in files.items()]
    return _table(("file", "bytes"), rows)


class _Marked(str):
    """A word that is shown in its colour."""

    __slots__ = ()


class _Link(str):
    """The name of a file in the bundle."""

    __slots__ = ()


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in headers)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if headers else ''}<tbody>{body}</tbody></table>"


def _cell(text: str) -> str:
    shown = escape(str(text))
    match text:
        case _Marked():
            return f'<td class="{shown}">{shown}</td>'
        case _Link():
            return f'<td><a class="mono" href="{shown}">{shown}</a></td>'
        case _:
            return f"<td>{shown}</td>"
