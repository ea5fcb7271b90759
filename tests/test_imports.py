"""Imports go one way, what must be light is light, and a file name says which file is meant."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "gner"
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "locks": set(),
    "plugins": set(),
    "option_parser": {"__version__", "errors", "plugins"},
    "markdown": set(),
    "records": set(),
    "bio": {"records"},
    "files": {"errors"},
    "spacy_library": {"errors"},
    "web_page": {"files"},
    "words": {"errors"},
    "sentences": {"words"},
    "run_dir": {"errors", "locks"},
    "packed_rows": set(),
    "interfaces": {"packed_rows", "prompting", "records"},
    "sessions": {"interfaces", "records"},
    "alignment": {"bio", "errors", "records", "words"},
    "prompting": {"alignment", "bio", "errors", "option_parser", "plugins", "records"},
    "scoring": {"alignment", "bio", "errors", "files", "option_parser", "plugins", "prompting", "records", "web_page"},
    "metrics": {"prompting", "records", "scoring"},
    "data": {
        *("alignment", "bio", "configs", "errors", "files", "interfaces", "option_parser", "packed_rows", "plugins"),
        *("prompting", "records", "run_dir", "scoring", "sentences", "spacy_library", "web_page", "words"),
    },
    "decoding": {
        *("alignment", "bio", "errors", "files", "interfaces", "markdown", "metrics", "prompting", "records"),
        *("scoring", "sessions"),
    },
    "models": {
        *("alignment", "bio", "decoding", "errors", "interfaces", "metrics", "packed_rows", "prompting", "records"),
        *("run_dir", "sessions"),
    },
    "inference": {
        *("__version__", "alignment", "bio", "data", "decoding", "errors", "files", "interfaces", "markdown", "models"),
        *("option_parser", "plugins", "prompting", "records", "run_dir", "sentences", "sessions", "words"),
    },
    "file_prediction": {
        *("errors", "files", "inference", "locks", "option_parser", "prompting", "run_dir", "spacy_library"),
        *("web_page", "words"),
    },
    "recipes": {"data", "errors", "interfaces", "models"},
    "serving": {"errors", "inference", "markdown", "plugins"},
    "studies": {"bio", "configs", "errors", "files", "locks", "records", "run_dir", "scoring", "web_page"},
}
ENTRY_POINTS = {
    *(
        "checkpoint",
        "cli",
        "compare",
        "config_parser",
        "configs",
        "demo",
        "early_stopping",
        "export",
        "fit",
        "help_text",
        "init",
        "library_messages",
        "lightning_errors",
        "plan",
        "predict",
        "progress",
        "report",
        "run_defaults",
        "run_record",
        "score",
        "serve",
        "shared_plan",
        "study",
    ),
    *("test", "testing", "throughput", "validate", "__init__", "__main__"),
}
TESTED_ELSEWHERE = {
    "data.check.__main__": "the command, which tests/data/check/test_terminal.py calls",
    "data.compare.__main__": "the command, which tests/data/compare/test_comparison.py calls",
    "data.convert.__main__": "the command, which tests/data/convert/test_source_conversion.py calls",
    "decoding.base": "abstract; tests/testing/test_strategy_contract.py tests every subclass",
    "prompting.base": "abstract; tests/testing/test_format_contract.py tests every subclass",
    "testing.tagged_pairs": "the sentences of both contracts in tests/testing/",
}
"""Modules without tests of their name, and where their behaviour is seen."""
TORCH_FREE = [
    *("alignment", "bio", "errors", "files", "markdown", "prompting", "records", "score", "scoring", "sentences"),
    *("web_page", "words"),
]


def _imported(path: Path, *, with_types: bool = False) -> set[str]:
    """Modules that a file imports at run time, with what is taken from packages: ``a.b`` for ``from a import b``."""
    found: set[str] = set()

    class Visitor(ast.NodeVisitor):
        def visit_If(self, node: ast.If) -> None:
            if with_types or "TYPE_CHECKING" not in ast.unparse(node.test):
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


def _modules() -> dict[str, Path]:
    """All modules by their dotted names."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    for path in _files(part):
        parts = {name.split(".")[1] for name in _imported(path) if name.startswith("gner.")}
        assert parts <= MAY_IMPORT[part] | {part}, path


def test_the_table_has_no_circles() -> None:
    for part, below in MAY_IMPORT.items():
        reached = set(below)
        while more := {further for one in reached for further in MAY_IMPORT.get(one, set())} - reached:
            reached |= more
        assert part not in reached


def test_no_module_imports_itself_through_others() -> None:
    modules = _modules()
    imports = {}
    for name, path in modules.items():
        taken = _imported(path)
        imports[name] = {one if one in modules else one.rpartition(".")[0] for one in taken} & set(modules) - {name}
    open_modules = dict(imports)
    while leaves := [name for name, taken in open_modules.items() if not taken & set(open_modules)]:
        for name in leaves:
            del open_modules[name]
    assert not open_modules


def test_text_logic_does_not_load_torch() -> None:
    modules = sorted(name for name in _modules() if name.split(".")[1:2] and name.split(".")[1] in TORCH_FREE)
    heavy = ["torch", "lightning", "transformers", "torchmetrics"]
    code = f"import sys, {', '.join(modules)}; sys.exit(', '.join(set({heavy}) & set(sys.modules)) or 0)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_every_part_is_in_the_table() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts == set(MAY_IMPORT) | ENTRY_POINTS


def test_a_file_name_occurs_once() -> None:
    names = Counter(path.stem for path in PACKAGE.rglob("*.py"))
    same_job = {"__init__", "__main__", "base", "instruct_uie"}  # its files, and its prompts
    assert {name for name, number in names.items() if number > 1} <= same_job


def test_every_module_has_tests_of_its_name() -> None:
    without = set()
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).with_suffix("")
        tests = Path(__file__).parent / module.with_name(f"test_{module.name}.py")
        if path.name != "__init__.py" and not tests.exists():
            without.add(".".join(module.parts))
    assert without == set(TESTED_ELSEWHERE)
