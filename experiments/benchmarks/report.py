"""Results as files: JSON for programs, and the same as a Markdown page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def write(name: str, found: Mapping[str, Any]) -> None:
    """Write `results/<name>.json` and `.md`."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n")
    (FOLDER / f"{name}.md").write_text(_page(name, found))


def _page(name: str, found: Mapping[str, Any]) -> str:
    parts = [f"# {name}"]
    for title, value in found.items():
        parts.append(f"## {_words(title)}")
        if isinstance(value, list):
            parts.append(_table(value))
        elif isinstance(value, dict):
            parts.append("\n".join(f"- {_words(key)}: {_cell(inner)}" for key, inner in value.items()))
        else:
            parts.append(_cell(value))
    return "\n\n".join(parts) + "\n"


def _table(rows: list[dict[str, Any]]) -> str:
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([_cell(row[name]) for name in names] for row in rows)]
    return "\n".join("| " + " | ".join(map(_words, line)) + " |" for line in lines)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
