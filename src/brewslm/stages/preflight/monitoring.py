"""Whether somebody would hear of trouble. It never blocks: a training runs without."""

from brewslm.core.context import StageContext
from brewslm.core.finding import Finding


def monitoring(context: StageContext, *, sends: bool = False) -> Finding:
    """Look whether the thresholds load, and whether every alert channel took its last message.

    Args:
        context: knows the channels.
        sends: whether each is sent a test message first; otherwise nothing is sent.
    """
    facts = context.monitoring(sends)
    if facts.problems:
        step = "Mend it, then run `brewslm alerts test`."
        return Finding(check="monitoring", level="warn", seen="; ".join(facts.problems), next_step=step)
    if facts.untried:
        seen = f"nothing was sent yet on {', '.join(facts.untried)}"
        return Finding(check="monitoring", level="warn", seen=seen, next_step="Run `brewslm alerts test`.")
    took = ", each of which took a test message" if sends and facts.channels else ""
    seen = f"thresholds load; alerts go to {', '.join(facts.channels) or 'the bell only'}{took}"
    return Finding(check="monitoring", level="ok", seen=seen)
