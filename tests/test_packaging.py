"""The wheel and the source distribution, installed and used where no checkout is."""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PYTHONS = os.environ.get("GNER_PYTHONS", sys.executable).split(os.pathsep)
"""Interpreters for tests before a release, the oldest first: `GNER_PYTHONS=/path/python3.10:/path/python3.13`."""
NEWEST, LOWEST = "constraints.txt", "constraints-lowest.txt"
INSTALLS = [
    pytest.param(sys.executable, NEWEST, marks=pytest.mark.slow),
    *(pytest.param(python, NEWEST, marks=pytest.mark.release) for python in PYTHONS),
    pytest.param(PYTHONS[0], LOWEST, marks=pytest.mark.release),  # newer Pythons have no wheels of some
]
NOT_SOURCE = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "runs")


def _run(*command: str | Path, folder: Path) -> str:
    """What a command prints; it gets no hint of the checkout."""
    hidden = {"PYTHONPATH", "PYTEST_XDIST_WORKER"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, the wheel made from the source distribution."""
    folder = tmp_path_factory.mktemp("packaging")
    source = shutil.copytree(REPOSITORY, folder / "source", symlinks=True, ignore=NOT_SOURCE)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", source, folder=folder)
    return folder / "dist"


def _wheel(distributions: Path) -> Path:
    return next(distributions.glob("*.whl"))


@pytest.mark.slow
def test_the_distributions_pass_the_index_s_checks(distributions: Path) -> None:
    _run(sys.executable, "-m", "twine", "check", "--strict", *distributions.iterdir(), folder=distributions)


@pytest.mark.slow
def test_both_carry_the_configs_once_and_no_tests(distributions: Path) -> None:
    configs = sorted(path.name for path in (REPOSITORY / "configs").rglob("*.yaml"))
    with zipfile.ZipFile(_wheel(distributions)) as wheel, tarfile.open(next(distributions.glob("*.tar.gz"))) as sdist:
        for names in (wheel.namelist(), [name.partition("/")[2] for name in sdist.getnames()]):
            carried = [Path(name) for name in names if "config_files/" in name]
            assert sorted(path.name for path in carried if path.suffix == ".yaml") == configs
            assert not [name for name in names if name.startswith(("tests/", "configs/"))]
            assert {"gner/py.typed", "gner/data/synthetic.yaml", "gner/scoring/error_page.html"} <= set(names)


@pytest.mark.slow
def test_links_in_the_metadata_are_absolute(distributions: Path) -> None:
    with zipfile.ZipFile(_wheel(distributions)) as wheel:
        metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
        text = wheel.read(metadata).decode()
    assert "License-Expression: Apache-2.0" in text
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert links
    assert all(link.startswith("https://") for link in links)


@pytest.mark.parametrize(("python", "versions"), INSTALLS)
def test_a_wheel_alone_trains_and_predicts(python: str, versions: str, distributions: Path, tmp_path: Path) -> None:
    _run(python, "-m", "venv", "env", folder=tmp_path)
    commands = tmp_path / "env" / "bin"
    install = ["-m", "pip", "install", "-q", "-c", REPOSITORY / versions, _wheel(distributions)]
    _run(commands / "python", *install, folder=tmp_path)
    gner, work = commands / "gner", tmp_path / "work"
    work.mkdir()
    assert _run(gner, "--version", folder=work).startswith("gner ")
    assert "quickstart.yaml" in _run(gner, "configs", folder=work)
    short = ["--trainer.max_steps", "40", "--trainer.val_check_interval", "40"]
    short += ["--data.synthetic", '{"num_train": 500, "num_dev": 20}']
    _run(gner, "fit", "--config", "quickstart.yaml", *short, folder=work)
    metrics = json.loads((work / "runs" / "quickstart" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["last"]["step"] == 40
    (work / "texts.txt").write_text("Maria Keller lives in Lisbon.\n", encoding="utf-8")
    options = ["--model", "runs/quickstart", "--labels", "person,location", "--out", "entities.jsonl"]
    _run(commands / "python", "-m", "gner.predict", *options, "texts.txt", folder=work)
    assert "entities" in json.loads((work / "entities.jsonl").read_text(encoding="utf-8"))


def test_the_lowest_versions_are_those_that_the_package_declares() -> None:
    settings = configparser.ConfigParser()
    settings.read(REPOSITORY / "setup.cfg")
    declared = settings["options"]["install_requires"].split()
    lowest = {re.split(r"\[|>=|,", one)[0]: re.search(r">=([\d.]+)", one)[1] for one in declared}  # type: ignore[index]
    lines = (REPOSITORY / "constraints-lowest.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    padded = {name: f"{version}.0.0" for name, version in lowest.items()}
    assert tested.keys() == lowest.keys()
    assert not {name for name, version in tested.items() if not padded[name].startswith(version)}
