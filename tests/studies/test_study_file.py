"""Studies are read as written, and contradictions are refused."""

from pathlib import Path
from typing import Any

import pytest

from gner.configs import shipped_configs
from gner.errors import UserError
from gner.studies.study_file import read_study
from tests.studies.conftest import STUDY, MakeStudy

AXES = STUDY["axes"]


def test_a_study_is_read_as_written(make_study: MakeStudy) -> None:
    study = make_study(title="Windows")
    assert study.title == "Windows"
    assert [axis.name for axis in study.axes] == ["window", "beams"]
    assert dict(study.compare_with) == {"window": "all", "beams": "1"}
    assert study.axis("window").value("all").settings == {"model.format.init_args.context_window": None}
    assert [axis.is_evaluation for axis in study.axes] == [False, True]
    assert study.options.seeds == [0, 1, 2]


def test_labels_keep_the_type_of_their_values(make_study: MakeStudy) -> None:
    study = make_study(axes={"rows": {"key": "data.batch_size", "values": [4, 16]}}, compare_with={}, figure=None)
    assert [value.settings["data.batch_size"] for value in study.axes[0].values] == [4, 16]


def test_texts_stay_texts(make_study: MakeStudy) -> None:
    axes = {"text": {"key": "model.format.init_args.instruction", "values": {"no": "null", "digits": "0123"}}}
    study = make_study(axes=axes, settings={"data.root": "yes"}, compare_with={}, figure=None)
    assert [value.settings["model.format.init_args.instruction"] for value in study.axes[0].values] == ["null", "0123"]
    assert study.options.settings == {"data.root": "yes"}


def test_a_value_may_have_a_base_of_its_own(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "tagger.yaml").touch()
    axes = {"model": {"values": {"generative": {}, "tagger": {"base": "tagger.yaml", "data.batch_size": 4}}}}
    study = make_study(axes=axes, compare_with={}, figure=None)
    assert [value.base for value in study.axes[0].values] == [None, (tmp_path / "tagger.yaml",)]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"axis": {}}, "Did you mean `axes`?"),
        ({"base": "none.yaml"}, "there is no file none.yaml"),
        ({"axes": {}}, "expected one or more different `axes`"),
        ({"seeds": [1, 1]}, r"expected one or more different `seeds`, got \[1, 1\]"),
        ({"metrics": []}, "expected one or more different `metrics`"),
        ({"compare_with": {"windw": "all"}}, "Did you mean `window`?"),
        ({"compare_with": {"window": "1"}}, "`compare_with.window`: expected one of 0, all, got `1`"),
        ({"figure": {"x": "seeds"}}, "`figure.x`: expected one of window, beams, got `seeds`"),
        ({"figure": {"x": "window", "scale": "log"}}, "expected labels of `window` that are numbers"),
        ({"axes": {"a": {"values": {"x": 1}}}}, "expected a `key`, or keys and values for `x`, got 1"),
        ({"axes": {"a": {"key": "seed", "values": ["w/o", "w-o"]}}}, "labels that differ"),
        ({"axes": {**AXES, "more": AXES["beams"]}}, "beams and more set `model.decoding.init_args.num_beams`"),
        ({"split": "train"}, "split"),
        ({"axes": {"a": None}}, "`axes.a`: expected `values`"),
        ({"axes": {"a": {"key": "seed_everything", "values": [1]}}}, "Set `seeds` of the study"),
        ({"settings": {"trainer": {"default_root_dir": "x"}}}, "Set `out` of the study"),
        (
            {"axes": {**AXES, "more": {"key": "model.decoding", "values": ["BeamSearch"]}}},
            "beams and more set `model.decoding`",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(keys: dict[str, Any], message: str, make_study: MakeStudy) -> None:
    with pytest.raises(UserError, match=message) as raised:
        make_study(**keys)
    assert "toy_study.yaml" in str(raised.value) or "none.yaml" in str(raised.value)


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    for name, content in (("list.yaml", "- 1"), ("broken.yaml", "base: ["), ("latin.yaml", "base: \xe9")):
        (tmp_path / name).write_bytes(content.encode("latin1"))
        with pytest.raises(UserError, match=name):
            read_study(str(tmp_path / name))


@pytest.mark.parametrize("name", [name for name in shipped_configs() if name.startswith("studies/")])
def test_shipped_studies_can_be_read_from_anywhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert all(path.is_file() for path in read_study(name).base)
