"""Decisions over the wire: read strictly, so that what is not plainly a decision is none."""

import pytest

from brewslm.adapters.advisor.absent import NoJudge
from brewslm.adapters.advisor.chat import Chat
from brewslm.adapters.advisor.judge_endpoint import JudgeEndpoint
from brewslm.core.errors import AdvisorError
from tests.unit.adapters.advisor.test_chat_endpoint import Endpoint, completion, endpoint

__all__ = ["endpoint"]


@pytest.mark.parametrize("is_approved", [True, False])
def test_a_decision_is_taken_from_the_answer(endpoint: Endpoint, is_approved: bool) -> None:
    word = "true" if is_approved else "false"
    endpoint.answer = completion(f'```json\n{{"approve": {word}, "why": "loss 1.5"}}\n```')
    judgement = JudgeEndpoint(Chat(endpoint.url, "some-model")).decide("It was trained.", {"eval_loss": 1.5})
    assert (judgement.is_approved, judgement.why, judgement.judge) == (is_approved, "loss 1.5", "some-model")
    told = endpoint.asked[0]["messages"][1]["content"]
    assert "It was trained." in told
    assert '"eval_loss": 1.5' in told


@pytest.mark.parametrize(
    "answer",
    ["yes", "{}", '{"approve": "true", "why": "x"}', '{"approve": true}', '{"approve": true, "why": "x", "but": 1}'],
)
def test_what_is_no_decision_is_refused(endpoint: Endpoint, answer: str) -> None:
    endpoint.answer = completion(answer)
    with pytest.raises(AdvisorError, match="is no decision"):
        JudgeEndpoint(Chat(endpoint.url, "some-model")).decide("?", {})


def test_without_an_endpoint_nobody_decides() -> None:
    with pytest.raises(AdvisorError, match="BREWSLM_ADVISOR_URL"):
        NoJudge().decide("?", {})
