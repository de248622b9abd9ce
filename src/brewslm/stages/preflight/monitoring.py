"""Whether somebody would hear of trouble. It never blocks: a training runs without."""

from brewslm.core.context import StageContext
from brewslm.core.finding import Finding


def monitoring(context: StageContext) -> Finding:
    """Look whether the thresholds load, and whether every alert channel took its last message; nothing is sent."""
    facts = context.monitoring()
    if facts.problems:
        step = "Mend it, then run `brewslm alerts test`."
        return Finding(check="monitoring", level="warn", seen="; ".join(facts.problems), next_step=step)
    if facts.untried:
        seen = f"nothing was sent yet on {', '.join(facts.untried)}"
        return Finding(check="monitoring", level="warn", seen=seen, next_step="Run `brewslm alerts test`.")
    return Finding(check="monitoring", level="ok", seen=f"alerts go to {', '.join(facts.channels) or 'the bell only'}")
