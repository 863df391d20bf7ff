"""Write `config/config.yaml`, `config/README.md` and `workflow/schemas/config.schema.json` from the typed model.

Used by `make config`; a test fails when the committed files differ from what this writes.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel

from rbcflow.config.config import Config
from rbcflow.config.recordings import Recording

HEADER = """\
# yaml-language-server: $schema=../workflow/schemas/config.schema.json
# The embedded default: laboratories' recordings are simulated, everything fits two cores and some minutes.
# Written from workflow/scripts/rbcflow/config/ by `make config`; override keys in a file of your own:
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


README = """\
# Configuration

Written from `workflow/scripts/rbcflow/config/` by `make config`. A key is set on the command line
(`--config detector=starter`) or in a file of your own (`--configfile my.yaml`); what is not set keeps its default.
Wrong keys and values end in one message before anything is computed. More about the keys, and the tables beside this
file: `docs/configuration.md`. What can be asked for: `docs/targets.md`.

## Your own recordings: the sheet

```
.venv/bin/snakemake --cores all recordings --config recordings=my/recordings.tsv
```

Text separated by tabs, one line a recording; an empty cell means "not known, or find it out".
`docs/recordings.md` says what files are read, and what comes out.

{sheet}
`make recordings VIDEOS=/data/videos` writes a sheet from a folder. One recording needs none: the columns are keys then.

```
.venv/bin/snakemake --cores all recordings --config recording="/data/Donor A 20 mbar.avi" pixel_um=0.2645 fps=500
```

## All keys

{keys}"""


def readme_md() -> str:
    """Return the text of `config/README.md`: the columns of a sheet of recordings, and every key with its default."""
    needed = ("recording", "file")
    columns = [*needed, *(name for name in Recording.model_fields if name not in needed)]
    rows = [(f"`{name}`", Recording.model_fields[name].description, "yes" * (name in needed)) for name in columns]
    keys = [(f"`{key}`", f"`{value}`", text) for key, value, text in _keys(Config(), "")]
    return README.format(
        sheet=table(("column", "what it is", "needed"), rows), keys=table(("key", "default", "what it is"), keys)
    )


def _keys(model: BaseModel, above: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, default and description of every setting; those inside another are written `images.train`."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _keys(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", json.dumps(value, default=str), field.description or ""


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |\n" for row in lines)


def main(project: Path = Path()) -> None:
    """Write the files below the project's folder."""
    (project / "config/config.yaml").write_text(config_yaml(), encoding="utf-8")
    (project / "config/README.md").write_text(readme_md(), encoding="utf-8")
    (project / "workflow/schemas/config.schema.json").write_text(schema_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
