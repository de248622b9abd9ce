"""What is kept of a request: no text unless it was asked for, and then without personal data; and not for ever."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from brewslm.adapters.serving.files import FileEndpoints, FileRequestLog
from brewslm.core.serving.measured import Measured
from brewslm.services.endpoint.requests import Exchange, Requests, buckets_of, is_refusal
from brewslm.services.endpoint.status import traffic_of
from tests.unit.scene import Scene

PROMPT = "Mail jane.roe@example.org about the invoice"
MEASURED = Measured(prompt_tokens=9, completion_tokens=5, first_token_seconds=0.1, seconds=0.5, finish_reason="stop")


def kept(scene: Scene, folder: Path, **changes: Any) -> Requests:
    requests = Requests(scene.ports, FileEndpoints(folder), FileRequestLog(folder))
    exchange = Exchange(scene.project.id, 1, "chat/completions", began_at=0.0, version=1)
    exchange.understand({"messages": [{"role": "user", "content": PROMPT}], "stream": True})
    told = {"status": 200, "measured": MEASURED, "error": None, "answer": "I'm sorry, I cannot.", "seconds": 0.6}
    requests.keep(exchange.entry(**{**told, **changes}))
    return requests


def text_of(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*.jsonl"))


def test_no_text_is_kept_unless_asked_for(scene: Scene, tmp_path: Path) -> None:
    (entry,) = kept(scene, tmp_path).since(scene.project.id, timedelta(hours=1))
    assert (entry.prompt, entry.answer, entry.is_refusal, entry.num_prompt_words) == (None, None, True, 8)
    assert entry.is_streamed
    assert "invoice" not in text_of(tmp_path)
    assert "jane" not in text_of(tmp_path)


def test_text_that_is_kept_holds_no_personal_data(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "endpoints.yaml").write_text("is_text_logged: true\n")
    (entry,) = kept(scene, tmp_path).since(scene.project.id, timedelta(hours=1))
    assert entry.prompt == "Mail <EMAIL_1> about the invoice"
    assert "jane" not in text_of(tmp_path)


def test_settings_that_cannot_be_used_keep_no_text_and_lose_no_request(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "endpoints.yaml").write_text("is_text_logged: maybe\ncolour: 1\n")
    (entry,) = kept(scene, tmp_path, error=f"refused: {PROMPT}").since(scene.project.id, timedelta(hours=1))
    assert entry.prompt is None
    assert entry.error == "refused: Mail <EMAIL_1> about the invoice"


def test_old_days_are_forgotten(scene: Scene, tmp_path: Path) -> None:
    kept(scene, tmp_path)
    scene.clock.advance(timedelta(days=40).total_seconds())
    requests = kept(scene, tmp_path)
    assert len(requests.since(scene.project.id, timedelta(days=100))) == 1


def test_buckets_tell_vocabularies_apart_and_no_words() -> None:
    assert buckets_of("rain and rain") == buckets_of("Rain, and!")
    assert set(buckets_of("one two three four five six seven eight")) <= set(range(64))


def test_refusals_are_told_by_their_first_words() -> None:
    assert is_refusal("I’m sure. " * 50 + "I cannot.") is False
    assert is_refusal("I cannot help with that.")
    assert not is_refusal("You cannot park there.")


def test_traffic_sums_up_what_was_answered_and_what_was_not(scene: Scene, tmp_path: Path) -> None:
    kept(scene, tmp_path)
    kept(scene, tmp_path, status=429, measured=None)
    kept(scene, tmp_path, error="the client left before its answer was whole")
    requests = kept(scene, tmp_path, status=503, measured=None)
    told = traffic_of(requests.since(scene.project.id, timedelta(hours=1)))
    assert (told.num_requests, told.num_errors, told.num_refused, told.num_left) == (4, 1, 1, 1)
    assert told.seconds is not None
    assert told.seconds.p95 == 0.6
    assert told.tokens_per_second is not None
