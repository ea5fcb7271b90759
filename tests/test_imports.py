"""Imports go one way, and what must be light is light."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "gner"
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "types": set(),
    "bio": {"types"},
    "formats": {"bio", "errors", "types"},
    "files": {"errors"},
    "scoring": {"bio", "errors", "files", "types"},
    "metrics": {"scoring", "types"},
    "inference": {
        *("bio", "data", "decoding", "errors", "files", "formats", "locks", "markdown", "models", "run_dir"),
        *("scoring", "sentences"),
        *("types", "words", "__version__"),
    },
    "data": {"bio", "errors", "files", "formats", "sentences", "types", "words"},
    "decoding": {"bio", "errors", "files", "formats", "markdown", "metrics", "scoring", "types"},
    "models": {"decoding", "errors", "formats", "metrics", "run_dir", "types"},
    "locks": set(),
    "markdown": set(),
    "run_dir": {"errors", "locks"},
    "sentences": {"words"},
    "words": {"errors"},
}
TORCH_FREE = [
    *(
        "types.py",
        "bio.py",
        "errors.py",
        "files.py",
        "markdown.py",
        "sentences.py",
        "words.py",
        "formats",
        "scoring",
        "score.py",
        "score_files.py",
    ),
    *(f"decoding/{name}.py" for name in ("align", "align_official", "postprocess", "rescore")),
]


def _imported(path: Path) -> set[str]:
    """Modules that a file imports at run time, with what is taken from packages: ``a.b`` for ``from a import b``."""
    found: set[str] = set()

    class Visitor(ast.NodeVisitor):
        def visit_If(self, node: ast.If) -> None:
            if "TYPE_CHECKING" not in ast.unparse(node.test):
                self.generic_visit(node)

        def visit_Import(self, node: ast.Import) -> None:
            found.update(alias.name for alias in node.names)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)

    Visitor().visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def _files(part: str) -> list[Path]:
    folder = PACKAGE / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    for path in _files(part):
        parts = {name.split(".")[1] for name in _imported(path) if name.startswith("gner.")}
        assert parts <= MAY_IMPORT[part] | {part}, path


@pytest.mark.parametrize("name", TORCH_FREE)
def test_text_logic_does_not_import_torch(name: str) -> None:
    heavy = {"torch", "lightning", "transformers", "torchmetrics"}
    for path in _files(name.removesuffix(".py")):
        assert not {module.split(".")[0] for module in _imported(path)} & heavy, path


def test_every_part_is_in_the_table() -> None:
    entry_points = {
        "checkpoint",
        "cli",
        "demo",
        "export",
        "fit",
        "lightning_errors",
        "plan",
        "score",
        "score_files",
        "validate",
        "test",
        "predict",
        "predict_files",
        "report",
        "run_dir",
        "testing",
        "throughput",
        "__init__",
    }
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts == set(MAY_IMPORT) | entry_points
