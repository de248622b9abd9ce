"""An example that the chat template refuses is left out, counted and listed; it stops nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import BaseModelError
from brewslm.stages.prepare.contract import PrepareInputs
from brewslm.stages.prepare.stage import PREPARE
from tests.unit.stages.prepare.models import CHATML, write_model
from tests.unit.stages.workbench import Workbench

NO_SYSTEM = (
    "{%- if messages[0]['role'] == 'system' -%}{{- raise_exception('No system turn here') -}}{%- endif -%}" + CHATML
)
NO_SECRETS = "{%- if 'secret' in messages[-1]['content'] -%}{{- raise_exception('Not this') -}}{%- endif -%}" + CHATML
"""Refuses what only one of two answers says."""


def chats(num_plain: int, num_with_system: int) -> list[dict[str, Any]]:
    system = [{"role": "system", "content": "Be brief."}]
    return [
        {
            "messages": [
                *(system if number >= num_plain else []),
                {"role": "user", "content": f"What is {number}?"},
                {"role": "assistant", "content": f"It is {number * number}."},
            ]
        }
        for number in range(num_plain + num_with_system)
    ]


def prepare(bench: Workbench, content: list[dict[str, Any]], folder: Path, template: str) -> Manifest:
    model = write_model(folder, template=template)
    facts = {"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1, "vocab_size": 330}
    (model / "config.json").write_text(json.dumps({**facts, "max_position_embeddings": 512}))
    _write_weights(model)
    dataset = bench.import_dataset("data.jsonl", "\n".join(map(json.dumps, content)))
    return bench.run(PREPARE, PrepareInputs(dataset_id=dataset.id, base_model=str(model)))


def _write_weights(folder: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"embed.weight": np.zeros((2, 2), dtype=np.float32)}, folder / "model.safetensors")


def test_refused_examples_are_left_out_and_listed_with_what_the_template_says(bench: Workbench, tmp_path: Path) -> None:
    manifest = prepare(bench, chats(20, 3), tmp_path / "model", NO_SYSTEM)
    assert (manifest.num_refused, manifest.num_dropped) == (3, 0)
    assert sum(split.num_examples for split in manifest.splits) == 20
    dropped = bench.rows(manifest, "dropped.parquet")
    assert [(row["source_row"], row["reason"], row["num_tokens"]) for row in dropped] == [
        (row, "template_refused", 0) for row in (20, 21, 22)
    ]
    assert all(f"(row {row['source_row']}): No system turn here" in row["detail"] for row in dropped)
    (finding,) = [one for one in bench.findings if one.check == "none_refused"]
    assert (finding.level, finding.seen.split(" examples")[0]) == (
        "warn",
        "The base model's chat template refuses 3 of 23",
    )


def test_a_pair_is_refused_for_either_of_its_answers(bench: Workbench, tmp_path: Path) -> None:
    pairs = [{"prompt": f"Say {number}", "chosen": f"yes {number}", "rejected": f"no {number}"} for number in range(60)]
    pairs[4]["chosen"], pairs[9]["rejected"] = "my secret", "your secret"
    manifest = prepare(bench, pairs, tmp_path / "model", NO_SECRETS)
    assert [row["source_row"] for row in bench.rows(manifest, "dropped.parquet")] == [4, 9]
    assert manifest.num_refused == 2
    assert sum(split.num_examples for split in manifest.splits) == 58


def test_a_template_that_refuses_most_examples_stops_the_preparation_in_one_line(
    bench: Workbench, tmp_path: Path
) -> None:
    with pytest.raises(BaseModelError, match=r"12 of 20 examples .* \(row 8\): No system turn here") as caught:
        prepare(bench, chats(8, 12), tmp_path / "model", NO_SYSTEM)
    assert "\n" not in str(caught.value)
    assert prepare(bench, chats(40, 40), tmp_path / "other", NO_SYSTEM).num_refused == 40
