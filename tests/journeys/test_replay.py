"""A training comes out again to the bit, from the raw snapshot on."""

from pathlib import Path

from tests.journeys.brew import QUICK, Brew, as_options, write_chat


def test_a_training_is_replayed_to_the_bit(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "again")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    brew.run("clean", "--project", "1")
    brew.run("prepare", "--project", "1", "--max-seq-len", "128")
    brew.run("preflight", "--project", "1", "--task", "causal_lm", *as_options(QUICK))
    brew.run("train", "--project", "1")
    report = brew.ask("replay", "exp-001", "--train")
    assert report["is_equal"]
    assert report["steps"][-1]["stage"] == "train"
    assert report["steps"][-1]["again"] is not None
    assert list(brew.home.glob(".replay-*")) == []
    assert len(brew.ask("project", "list")) == 1
