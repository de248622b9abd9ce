"""Options that several commands share, so that each is spelled and explained once."""

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from brewslm.cli import choices

if TYPE_CHECKING:
    from brewslm.core import ids

ProjectId = Annotated[int, typer.Option("--project", "-p", min=1, metavar="ID", help="The project's id.")]
AnyProject = Annotated[
    int | None, typer.Option("--project", "-p", min=1, metavar="ID", help="Only this project; all by default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")]
BaseModel = Annotated[
    str | None,
    typer.Option("--base-model", metavar="NAME", help="A bundled model, a folder, or a Hugging Face id."),
]
Profile = Annotated[choices.Profile, typer.Option("--profile", help="How much work the plan may be.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Fix a field of the recipe, e.g. optim.learning_rate=1e-3. Repeatable."
    ),
]
Mode = Annotated[
    choices.Mode | None,
    typer.Option(
        "--mode",
        help="What is learnt: answers (sft), texts (continued_pretraining), which of two answers is better (dpo, "
        "orpo), which are good (kto). By the data where not said.",
    ),
]
MaxSeqLen = Annotated[
    int | None, typer.Option("--max-seq-len", min=16, metavar="TOKENS", help="Longest example that is kept.")
]
Prompts = Annotated[list[str] | None, typer.Option("--prompt", metavar="TEXT", help="A prompt to answer. Repeatable.")]
AsShape = Annotated[
    choices.Shape | None,
    typer.Option(
        "--as",
        metavar="SHAPE",
        help=f"How to read the data, where it is not certain: {', '.join(get_args(choices.Shape))}.",
    ),
]
SourceFormat = Annotated[
    choices.SourceFormat | None, typer.Option("--format", help="The format of the files, where it is not found out.")
]
Encoding = Annotated[
    choices.Encoding | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Of text files, where it is not found out: utf-8, cp1252, …",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="MARK", help="What stands between cells: a character, or tab, comma, …"),
]
HasHeader = Annotated[
    bool | None, typer.Option("--header/--no-header", help="Whether the first record of a table names its columns.")
]
MaxMalformed = Annotated[
    float,
    typer.Option("--max-malformed", min=0.0, max=1.0, metavar="SHARE", help="Refuse a source with more bad records."),
]
MaxMemory = Annotated[
    int, typer.Option("--max-memory-mb", min=64, metavar="MIB", help="Memory that parsing the files may take.")
]
MaxSeconds = Annotated[
    int, typer.Option("--max-seconds", min=1, metavar="SECONDS", help="Time that parsing the files may take.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Queue the work for a running server, and return at once.")]
SOURCE_HELP = "A path, a quoted pattern ('data/*.jsonl'), https:…, hf:OWNER/NAME, kaggle:…, s3:…, or sample:NAME."
Priority = Annotated[
    int,
    typer.Option(
        "--priority",
        min=-1000,
        max=1000,
        metavar="N",
        help="Place in the line before the device: the highest goes first; of equal ones, the one asked for first.",
    ),
]


def id_of(project: int) -> "ids.ProjectId":
    """The project that an option names."""
    from brewslm.core.ids import ProjectId as OfProject

    return OfProject(project)
