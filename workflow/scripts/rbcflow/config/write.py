"""Write `config/config.yaml` with its comments and `workflow/schemas/config.schema.json` from the typed model.

Used by `make config`; a test fails when the committed files differ from what this writes.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import yaml
from pydantic import BaseModel

from rbcflow.config.models import Config

HEADER = """\
# yaml-language-server: $schema=../workflow/schemas/config.schema.json
# The embedded default: laboratories' recordings are drawn, everything fits two cores and some minutes.
# Written from workflow/scripts/rbcflow/config/models.py by `make config`; override keys in a file of your own:
#     snakemake --cores all --configfile config/paper.yaml
"""


def _dump(model: BaseModel, indent: int) -> list[str]:
    pad = "  " * indent
    lines: list[str] = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if field.description:
            lines += [f"{pad}# {line}" for line in textwrap.wrap(field.description, 110)]
        if isinstance(value, BaseModel):
            lines += [f"{pad}{name}:", *_dump(value, indent + 1)]
        else:
            text = (
                yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
                .removesuffix("...\n")
                .strip()
            )
            lines.append(f"{pad}{name}: {text}")
        if indent == 0:
            lines.append("")
    return lines


def config_yaml() -> str:
    """Return the text of `config/config.yaml`."""
    return HEADER + "\n" + "\n".join(_dump(Config(), 0)).rstrip() + "\n"


def schema_json() -> str:
    """Return the text of the JSON schema."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(project: Path = Path()) -> None:
    """Write both files below the project's folder."""
    (project / "config/config.yaml").write_text(config_yaml(), encoding="utf-8")
    (project / "workflow/schemas/config.schema.json").write_text(schema_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
