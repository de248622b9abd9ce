"""Gates: from findings to a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.finding import Finding
from brewslm.core.reason import Reason

_ENDS = (".", "!", "?", ":")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether work may pass a gate, and the findings that decided."""

    passed: bool
    findings: tuple[Finding, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stand in the way."""
        return tuple(finding for finding in self.findings if finding.level == "block")

    @property
    def reason(self) -> Reason:
        """The reason of the first blocking finding."""
        for finding in self.blocking:
            if finding.reason is not None:
                return finding.reason
        return Reason.SYSTEM_REQUEST_INVALID

    @property
    def sentence(self) -> str:
        """All that blocks, as one line with next steps."""
        return " ".join(f"{f.seen}{'' if f.seen.endswith(_ENDS) else '.'} {f.next_step}".strip() for f in self.blocking)


def judge(findings: Sequence[Finding]) -> Verdict:
    """Pass unless a finding blocks."""
    is_blocked = any(finding.level == "block" for finding in findings)
    return Verdict(passed=not is_blocked, findings=tuple(findings))
