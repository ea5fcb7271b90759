"""``python -m gner.export``."""

from pathlib import Path
from typing import Any

import pytest

from gner.export import main


def test_adapter_export_needs_adapters(trained: dict[str, Path], tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main(["--ckpt", str(trained["causal"]), "--out", str(tmp_path / "out"), "--adapter-only"])
    assert "trained without" in capsys.readouterr().err
