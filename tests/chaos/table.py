"""The table of a chaos run: by fault, how the lives went."""

from collections.abc import Sequence

from tests.chaos.trial import Outcome

HEAD = ("trials", "struck", "finished by itself", "asked again", "ended failed", "exact weights", "broken")


def table(outcomes: Sequence[Outcome]) -> str:
    """Return it as Markdown, one for each kind of ledger, with a last line for all."""
    kinds = dict.fromkeys(outcome.ledger for outcome in outcomes)
    return "\n\n".join(_of_ledger(kind, [one for one in outcomes if one.ledger == kind]) for kind in kinds)


def _of_ledger(kind: str, outcomes: Sequence[Outcome]) -> str:
    names = list(dict.fromkeys(outcome.fault for outcome in outcomes))
    rows = [_row(name, [outcome for outcome in outcomes if outcome.fault == name]) for name in names]
    rows.append(_row("all", outcomes))
    lines = [(f"fault, with the ledger in {kind}", *HEAD), ("---",) * (1 + len(HEAD)), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _row(name: str, outcomes: Sequence[Outcome]) -> tuple[object, ...]:
    finished = [outcome for outcome in outcomes if outcome.is_finished]
    return (
        name,
        len(outcomes),
        sum(outcome.was_struck for outcome in outcomes),
        sum(not outcome.num_asked_again for outcome in finished),
        sum(bool(outcome.num_asked_again) for outcome in finished),
        len(outcomes) - len(finished),
        f"{sum(bool(outcome.is_exact) for outcome in finished)} of {len(finished)}",
        sum(bool(outcome.problems) for outcome in outcomes),
    )
