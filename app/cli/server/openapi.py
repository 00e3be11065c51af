"""`openapi`: the published contract as text that is the same wherever it is printed."""

import json
import sys


def openapi() -> None:
    """Print the OpenAPI document: sorted, indented JSON."""
    from app.cli.environment import read_settings  # noqa: PLC0415 - see the package
    from app.main import create_app  # noqa: PLC0415

    document = create_app(read_settings()).openapi()
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
