"""``python -m gner.configs``: lists the configs that the package carries, and copies them.

They are the files of ``configs/`` in the repository; see docs/decisions/packaging.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gner.errors import UserError, did_you_mean
from gner.option_parser import errors_end_the_command, option, parse_options

SHIPPED = Path(__file__).parent / "config_files"
_OPTIONS = ("-c", "--config")


@dataclass(frozen=True)
class ConfigOptions:
    """Options of the command.

    Attributes:
        copy: Configs to copy, by the names that are listed.
        out: Folder to copy them to.
    """

    copy: list[str] | None = option(None, metavar="NAME")
    out: Path = option(Path(), metavar="FOLDER")


def shipped_configs() -> list[str]:
    """Names of the configs that the package carries, those of studies last.

    Example:
        >>> "quickstart.yaml" in shipped_configs(), shipped_configs()[-1].startswith("studies/")
        (True, True)
    """
    of_runs, of_studies = SHIPPED.glob("*.yaml"), SHIPPED.glob("studies/*.yaml")
    return [path.relative_to(SHIPPED).as_posix() for path in (*sorted(of_runs), *sorted(of_studies))]


def find_config(given: str) -> str:
    """The path of a config: the one given, or the shipped one of this name where there is no such file.

    Args:
        given: A path, the name of a shipped config, or YAML itself.

    Raises:
        UserError: It names a YAML file that is neither there nor shipped.

    Example:
        >>> Path(find_config("quickstart.yaml")).is_file()
        True
        >>> find_config("quikstart.yaml")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a config, but there is no file quikstart.yaml, and none of this name ...
    """
    path = Path(given)
    if path.suffix != ".yaml" or path.exists():
        return given
    if (SHIPPED / given).is_file():
        return str(SHIPPED / given)
    raise UserError(
        f"Expected a config, but there is no file {given}, and none of this name is shipped."
        f"{did_you_mean(path.name, shipped_configs())} `python -m gner.configs` lists those that are shipped."
    )


def with_shipped_configs(arguments: Sequence[str]) -> list[str]:
    """Arguments of a command line in which each config is a file that is there.

    Raises:
        UserError: A config is neither there nor shipped.

    Example:
        >>> arguments = with_shipped_configs(["--config", "debug.yaml", "--trainer.max_steps", "2"])
        >>> Path(arguments[1]).is_file(), arguments[2:]
        (True, ['--trainer.max_steps', '2'])
    """
    found = list(arguments)
    for place, argument in enumerate(arguments):
        name, has_value, value = argument.partition("=")
        if name not in _OPTIONS:
            continue
        if has_value:
            found[place] = f"{name}={find_config(value)}"
        elif place + 1 < len(arguments):
            found[place + 1] = find_config(arguments[place + 1])
    return found


def copy_configs(names: Sequence[str], folder: Path) -> list[Path]:
    """Copy shipped configs into a folder, and return the new files.

    Raises:
        UserError: There is no config of a name, or a file of this name is there already; then none is copied.
    """
    for name in names:
        if name not in shipped_configs():
            raise UserError(
                f"Expected the name of a shipped config, got {name}.{did_you_mean(name, shipped_configs())}"
            )
        if (folder / name).exists():
            raise UserError(f"Expected a new file, but {folder / name} exists. Set --out.")
    copies = [folder / name for name in names]
    for name, copy in zip(names, copies, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SHIPPED / name, copy)
    return copies


def _summary(name: str) -> str:
    """The first sentence of the comment that a config begins with."""
    lines = (SHIPPED / name).read_text(encoding="utf-8").splitlines()
    end = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    comment = " ".join(line.removeprefix("#").strip() for line in lines[:end])
    return comment.partition(". ")[0].removesuffix(".")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = parse_options(
        ConfigOptions,
        arguments,
        prog="python -m gner.configs",
        description="Lists the configs that come with gner. Each is found by its name, as in `gner fit --config "
        "quickstart.yaml`, unless a file of this name is there; copy one to change it. Those of studies/ are for `gner "
        "study`.",
    )
    console = Console(highlight=False)
    with errors_end_the_command():
        if options.copy is not None:
            for path in copy_configs(options.copy, options.out):
                console.print(str(path), soft_wrap=True, markup=False)
            return
        table = Table.grid("", "", padding=(0, 2, 0, 0))
        for name in shipped_configs():
            table.add_row(name, _summary(name))
        console.print(table)


if __name__ == "__main__":
    main()
