"""`agent_health.yaml`: a document a round, within its size."""

from pathlib import Path

import yaml

from brewslm.adapters.files.health_log import YamlHealthLog
from brewslm.core.value import Value


class Document(Value):
    number: int
    text: str = "x" * 200


def test_every_document_can_be_read_and_the_newest_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "agent_health.yaml"
    log = YamlHealthLog(path, max_bytes=4000)
    for number in range(100):
        log.append(Document(number=number))
        assert path.stat().st_size <= 4000
        found = [document["number"] for document in yaml.safe_load_all(path.read_text())]
        assert found == list(range(found[0], number + 1))
    assert len(found) >= 7
