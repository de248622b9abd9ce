"""Make the bundled base model brewslm-tiny-v1 from its sources: `python tools/pretrain_base.py --help`.

The steps, in order: `tokenizer` (only for a new model: the bundled one is fixed), `corpus`, `train`, `export`,
`evaluate`, `samples`, `card`. `train` resumes by itself after any interruption; `cool-down` makes it begin its decay.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pretrain import commands

_REPOSITORY = Path(__file__).resolve().parents[1]
_MODEL_FOLDER = _REPOSITORY / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    chosen = _parser().parse_args(arguments)
    run: commands.Command = chosen.run
    run(chosen)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("pretrain-data"),
        help="folder with books, GSM8K and banking77",
    )
    parser.add_argument(
        "--work", type=Path, default=Path("pretrain-work"), help="folder for streams, checkpoints and logs"
    )
    parser.add_argument(
        "--model", type=Path, default=_MODEL_FOLDER, help="model folder to read the tokenizer from and to write"
    )
    parser.add_argument("--seed", type=int, default=1)
    steps = parser.add_subparsers(required=True, metavar="step")

    tokenizer = steps.add_parser("tokenizer", help="train a new tokenizer into WORK/tokenizer")
    tokenizer.set_defaults(run=commands.make_tokenizer)

    corpus = steps.add_parser("corpus", help="gather the corpus and write its token streams")
    corpus.add_argument("--own-documents", type=int, default=commands.NUM_OWN_DOCUMENTS)
    corpus.set_defaults(run=commands.make_corpus)

    train = steps.add_parser("train", help="train, or go on training from the checkpoint")
    train.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    train.add_argument("--workers", type=int, default=0, help="helping CPU processes; 0 repeats bit for bit")
    train.add_argument("--optimiser", choices=("muon", "adamw"), default="muon")
    train.add_argument("--learning-rate", type=float, default=commands.LEARNING_RATE)
    train.add_argument(
        "--decay-start", type=int, default=commands.DECAY_START, help="step at which the decay begins by itself"
    )
    train.add_argument("--decay-steps", type=int, default=commands.DECAY_STEPS)
    train.set_defaults(run=commands.train)

    cool_down = steps.add_parser("cool-down", help="make the running training begin its decay now")
    cool_down.add_argument("--decay-steps", type=int, required=True)
    cool_down.set_defaults(run=commands.cool_down)

    for name, run, text in (
        ("export", commands.export, "write the checkpoint into the model folder"),
        ("evaluate", commands.evaluate, "measure bits per byte of model, unigram and 5-gram on the held-out texts"),
        ("samples", commands.write_samples, "generate greedily for a few prompts and record the texts"),
        ("card", commands.write_card, "write the model card from the records"),
    ):
        step = steps.add_parser(name, help=text)
        step.set_defaults(run=run)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
