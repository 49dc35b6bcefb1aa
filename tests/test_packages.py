"""What a package's `__init__.py` may hold: its public names, sorted, and nothing else."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = [
    path
    for package in ("optimizers", "experiments", "service")
    for path in sorted((ROOT / package).rglob("__init__.py"))
]


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_package_lists_its_public_names_and_does_nothing_else(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not tree.body:
        return
    docstring, *rest = tree.body
    assert isinstance(docstring, ast.Expr)
    imported: list[str] = []
    listed: list[str] = []
    for node in rest:
        if isinstance(node, ast.ImportFrom):
            imported += [alias.asname or alias.name for alias in node.names]
        else:
            assert isinstance(node, ast.Assign), ast.dump(node)
            assert ast.unparse(node.targets[0]) == "__all__"
            listed = ast.literal_eval(node.value)
    assert sorted(listed) == sorted(imported)
    assert listed == sorted(listed, key=_as_ruff_sorts)


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name
