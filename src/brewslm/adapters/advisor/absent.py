"""Who stands in where no model is set: it says how one is set."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from brewslm.core.errors import AdvisorError

if TYPE_CHECKING:
    from brewslm.core.artifacts.schema import ColumnProfile


class NoAdvisor:
    """Implements `core.ports.advisor.Advisor` where no endpoint is set."""

    def propose(self, columns: Sequence["ColumnProfile"], rows: Sequence[dict[str, Any]]) -> NoReturn:
        """Say how one is set.

        Raises:
            AdvisorError: always.
        """
        del columns, rows
        message = (
            "No model is set that could be asked. Set BREWSLM_ADVISOR_URL (such as http://127.0.0.1:8080/v1) and "
            "BREWSLM_ADVISOR_MODEL, or choose the reading with `--as SHAPE`."
        )
        raise AdvisorError(message)


class NoJudge:
    """Implements `core.ports.advisor.Judge` where no endpoint is set."""

    is_there = False

    def decide(self, question: str, figures: dict[str, Any]) -> NoReturn:
        """Say how one is set.

        Raises:
            AdvisorError: always.
        """
        del question, figures
        message = "No model is set that could be asked. Set BREWSLM_ADVISOR_URL and BREWSLM_ADVISOR_MODEL."
        raise AdvisorError(message)
