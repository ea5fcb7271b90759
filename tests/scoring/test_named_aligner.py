"""Aligners by name on the command line of gner.score."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gner.alignment import WordAligner
from gner.errors import UserError
from gner.records import Alignment, AlignmentReport
from gner.score import main
from gner.scoring.named_aligner import make_aligner


class NothingFound(WordAligner):
    """Finds nothing."""

    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        return Alignment(("O",) * len(words), AlignmentReport())


PATH = f"{__name__}.NothingFound"


def test_names_of_ours_stay_names_and_paths_become_objects() -> None:
    assert make_aligner("lcs+back_tokenization") == "lcs+back_tokenization"
    assert isinstance(make_aligner(PATH), NothingFound)


@pytest.mark.parametrize(
    ("name", "message"), [("robst", "Did you mean `robust`"), ("json.JSONDecoder", "got `json.JSONDecoder`")]
)
def test_what_is_none_is_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_aligner(name)


def test_scores_come_from_it(file: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "scores.json"
    main([str(file), "--aligner", PATH, "--json", str(out)])
    scores = json.loads(out.read_text(encoding="utf-8"))
    assert scores["aligner"] == PATH
    assert scores["all"]["f1"] == 0.0 < scores["all"]["f1_gner"]
