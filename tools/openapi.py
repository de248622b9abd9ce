"""Write the OpenAPI document from which the Studio's types are generated (`make studio-api`)."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from brewslm.api.app import create_api
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings

ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}


def main(words: list[str]) -> int:
    """Write the document to a file, or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", help="where to write it; standard output without it")
    options = parser.parse_args(words)
    text = json.dumps(document(), indent=1, sort_keys=True) + "\n"
    if options.file is None:
        sys.stdout.write(text)
    else:
        options.file.write_text(text, encoding="utf-8")
    return 0


def document() -> dict[str, Any]:
    """Return the document of the API, with the answers that are errors said once for each operation.

    All of them have one shape; thirteen copies for each operation would be most of the generated file.
    """
    with tempfile.TemporaryDirectory() as home:  # the workspace that the routes need; nothing is kept in it
        api = create_api(open_house(Settings(home=Path(home)), actor="api")).openapi()
    for operations in api["paths"].values():
        for operation in operations.values():
            answers: dict[str, Any] = operation["responses"]
            operation["responses"] = {
                **{status: answer for status, answer in answers.items() if status < "4"},
                "default": {"description": "An error.", "content": ERROR},
            }
    return api


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
