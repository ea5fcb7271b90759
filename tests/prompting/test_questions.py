"""A format with several queries a sentence goes all the way: training, every strategy, scores, resuming, prediction."""

import json
import random
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gner import GNER
from gner.alignment import PostProcessor
from gner.cli import main
from gner.data.collate import Collator
from gner.data.dataset import BatchDataset
from gner.data.sampler import EvalSampler, Slot, TrainSampler
from gner.decoding import BeamSearch, Constrained, DecodingStrategy, Greedy, NucleusSampling, Speculative
from gner.decoding.predictor import GenerativePredictor
from gner.errors import UserError
from gner.interfaces import IGNORED, Batch, Kind, TextModel
from gner.models import Backbone
from gner.prompting import Segment
from gner.records import Counts, Example, Generation
from gner.score import main as score
from gner.testing import make_examples, tiny_model
from tests.conftest import KINDS, TRAINED_SIZES, make_example
from tests.processes import run_processes
from tests.prompting.questions import QuestionFormat

FORMAT = {"class_path": "tests.prompting.questions.QuestionFormat", "init_args": {"conversation": False}}
EXAMPLE = make_example(
    "Ada/B-person met/O Ada/B-person in/O New/B-place York/I-place", types=("person", "place", "car")
)


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The format is an entry point of an installed package, as files may name nothing else."""
    package = tmp_path / "questions-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: questions\nVersion: 1\n", encoding="utf-8")
    value = "QuestionFormat = tests.prompting.questions:QuestionFormat"
    (package / "entry_points.txt").write_text(f"[gner.formats]\n{value}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def config(request: pytest.FixtureRequest, toy_root: Path, tmp_path: Path) -> Path:
    """A fit of a tiny model of the kind that the test is parametrized with."""
    model_type, sizes = TRAINED_SIZES[request.param]
    settings: dict[str, Any] = {
        "model": {
            "backbone": {"from_scratch": model_type, "vocab_size": 330, "config": sizes},
            "format": FORMAT,
            "decoding": {"class_path": "Greedy"},
            "optimization": {"lr": 0.01},
        },
        "data": {"root": str(toy_root), "train": ["toy"], "val": ["toy"], "test": ["toy"], "batch_size": 10},
        "trainer": {
            "default_root_dir": str(tmp_path / "run"),
            "accelerator": "cpu",
            "enable_progress_bar": False,
            "max_steps": 250,
            "val_check_interval": 250,
            "check_val_every_n_epoch": None,
        },
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


def _rows(run: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "predictions" / name).read_text(encoding="utf-8").splitlines()]


def _metrics(run: Path, stage: str) -> dict[str, float]:
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))[stage]["metrics"]
    return {name.partition("/")[2]: value for name, value in found.items() if "loss" not in name}


@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_a_model_is_trained_scored_and_used(
    config: Path, tmp_path: Path, declared: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    main("fit", ["--config", str(config)])
    metrics = _metrics(run, "last")
    assert metrics["f1"] > 0.9
    assert metrics["f1_questions"] > 0.9 and "f1_gner" not in metrics
    rows = _rows(run, "val_last.jsonl")
    assert all(len(row["prediction"]) == len(row["label_list"]) for row in rows)
    assert rows[0]["format"] == {"class_path": "QuestionFormat", "init_args": {}}

    score([str(run / "predictions" / "val_last.jsonl"), "--json", str(tmp_path / "scores.json")])
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["all"]
    assert {name: scores[name] for name in ("f1", "f1_questions", "precision_questions")} == {
        name: metrics[name] for name in ("f1", "f1_questions", "precision_questions")
    }
    capsys.readouterr()

    model = GNER.from_pretrained(str(run))
    assert isinstance(model.labeller.format, QuestionFormat)
    found = model.predict_entities("Ada Lovelace wrote to London.", ["person", "place"], decoding="greedy")
    assert [(one["text"], one["label"]) for one in found] == [("Ada Lovelace", "person"), ("London", "place")]


@pytest.mark.parametrize("config", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize("conversation", ["true", "false"])
def test_a_resumed_run_is_the_uninterrupted_one(config: Path, tmp_path: Path, conversation: str) -> None:
    options = ["--config", str(config), "--model.format.conversation", conversation, "--data.batch_size", "4"]
    options += ["--trainer.val_check_interval", "4", "--last_checkpoint.every_n_train_steps", "1"]

    def fit(run: str, num_steps: int, *more: str) -> dict[str, torch.Tensor]:
        folder = tmp_path / run
        main("fit", [*options, *more, "--trainer.max_steps", str(num_steps), "--trainer.default_root_dir", str(folder)])
        checkpoint = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
        weights: dict[str, torch.Tensor] = checkpoint["state_dict"]
        return weights

    whole = fit("whole", 8)
    fit("parts", 3)
    parts = fit("parts", 8, "--ckpt_path", "last")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def _test_on_two(rank: int, config: Path) -> None:
    main(
        "test", ["--config", str(config), "--ckpt_path", "last", "--trainer.devices", "2", "--trainer.strategy", "ddp"]
    )


@pytest.mark.parametrize("config", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)], indirect=True)
def test_two_processes_score_as_one_does(config: Path, tmp_path: Path) -> None:
    main("fit", ["--config", str(config), "--trainer.max_steps", "30", "--data.eval_batch_size", "5"])
    expected = _metrics(tmp_path / "run", "last")
    run_processes(_test_on_two, 2, config)
    assert _metrics(tmp_path / "run", "test") == expected
    rows = [{**row, "split": "val"} for row in _rows(tmp_path / "run", "test.jsonl")]
    assert rows == _rows(tmp_path / "run", "val_last.jsonl")


@pytest.mark.parametrize("kind", [Kind.SEQ2SEQ, Kind.CAUSAL])
@pytest.mark.parametrize("strategy", [Greedy(), BeamSearch(num_beams=2), NucleusSampling(seed=1), Speculative()])
def test_strategies_write_an_answer_for_each_row_whatever_is_beside_it(kind: Kind, strategy: DecodingStrategy) -> None:
    model = tiny_model(kind, format=QuestionFormat())
    examples = make_examples()
    batch = model.batch(examples)
    assert batch.owners == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    with torch.inference_mode():
        together = strategy.generate(model, batch)
        assert len(together) == batch.num_rows
        for position, example in enumerate(examples):
            alone = strategy.generate(model, model.batch([example]))
            assert [row.token_ids for row in alone] == [row.token_ids for row in together[2 * position :][:2]]
        if isinstance(strategy, Speculative):
            greedy = Greedy().generate(model, batch)
            assert [row.token_ids for row in together] == [row.token_ids for row in greedy]


@pytest.mark.parametrize("strategy", [Constrained(), NucleusSampling(num_samples=3)])
def test_strategies_that_write_tags_refuse_a_format_without_them(strategy: DecodingStrategy) -> None:
    model = tiny_model(Kind.CAUSAL, format=QuestionFormat())
    with torch.inference_mode(), pytest.raises(UserError, match="Expected a format that writes"):
        strategy.generate(model, model.batch(make_examples()[:1]))


class _Gold(DecodingStrategy):
    """Writes the right answers."""

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        targets = []
        for example in batch.examples:
            targets += [query.target for query in model.format.queries(example)]
        return [Generation([], target, [], True) for target in targets]


def test_a_predictor_gives_one_prediction_for_the_rows_of_an_example() -> None:
    model = tiny_model(Kind.CAUSAL, format=QuestionFormat())
    examples = [EXAMPLE, *make_examples()]
    predictions = GenerativePredictor(model, _Gold()).predict(model.batch(examples))
    assert [len(prediction.generations) for prediction in predictions] == [3, 2, 2, 2, 2, 2]
    assert predictions[0].tags == EXAMPLE.tags
    assert predictions[0].official == Counts(3, 3, 3)


def test_strings_that_occur_nowhere_are_counted() -> None:
    prediction = PostProcessor(QuestionFormat())(EXAMPLE, ['["Ada", "Bob"]', '["new york"]', "no list"])
    assert prediction.tags == EXAMPLE.tags
    assert prediction.report.unplaced == 1
    assert prediction.official == Counts(1, 3, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_conversation_is_tokenized_in_pieces(kind: str, checkpoints: dict[str, Path]) -> None:
    backbone = Backbone(str(checkpoints[kind]))
    tokenizer = backbone.tokenizer
    format = QuestionFormat(conversation=True)
    batch = Collator(format, backbone).for_training([EXAMPLE], [random.Random(0)])
    [segments] = format.training(EXAMPLE, random.Random(0))
    pieces = [_piece(tokenizer, segment) for segment in segments]
    answers = chain.from_iterable(piece for segment, piece in zip(segments, pieces, strict=True) if segment.learned)
    learned = [label for label in batch.labels[0].tolist() if label != IGNORED]
    assert learned == list(answers)
    assert learned.count(tokenizer.eos_token_id) == 3  # each answer ends
    written = list(chain.from_iterable(pieces[2:]))
    if kind == "seq2seq":
        assert batch.answer_ids is not None
        assert batch.answer_ids[0].tolist() == written
        assert batch.input_ids[0].tolist() == [*pieces[0], *pieces[1], tokenizer.eos_token_id]
    else:
        assert batch.input_ids[0].tolist() == [tokenizer.bos_token_id, *pieces[0], *pieces[1], *written]


def _piece(tokenizer: Any, segment: Segment) -> list[int]:
    text = segment.text.removesuffix("</s>") if segment.learned else segment.text
    end = [tokenizer.eos_token_id] if segment.learned else []
    return [*tokenizer(text, add_special_tokens=False)["input_ids"], *end]


def test_what_a_format_chooses_is_chosen_anew_in_each_epoch(checkpoints: dict[str, Path]) -> None:
    collate = Collator(QuestionFormat(conversation=True), Backbone(str(checkpoints["causal"])))
    dataset = BatchDataset([EXAMPLE], collate, lambda example, _: example, seed=3)
    epochs = [dataset[[Slot(0, epoch)]].input_ids.tolist() for epoch in range(40)]
    assert len(set(map(str, epochs))) == 6  # orders of three questions
    assert epochs == [dataset[[Slot(0, epoch)]].input_ids.tolist() for epoch in range(40)]


@pytest.mark.parametrize("num_ranks", [1, 2, 3])
def test_batches_hold_no_more_rows_than_asked_for(num_ranks: int) -> None:
    num_rows = [1, 3, 3, 2, 7, 2, 3, 1, 3, 2, 3]
    lengths = [5 * number for number in range(len(num_rows))]
    ranks = range(num_ranks)
    options: dict[str, Any] = {"num_ranks": num_ranks, "num_rows": num_rows}
    training = [TrainSampler(lengths, 6, seed=0, rank=rank, **options) for rank in ranks]
    evaluation = [EvalSampler(lengths, 6, rank=rank, **options) for rank in ranks]
    for samplers in (training, evaluation):
        assert len({len(list(sampler)) for sampler in samplers} | {len(sampler) for sampler in samplers}) == 1
        batches = list(chain.from_iterable(samplers))
        assert all(len(batch) == 1 or sum(num_rows[slot.position] for slot in batch) <= 6 for batch in batches)
        counted = Counter(slot.position for batch in batches for slot in batch if slot.counted)
        assert set(counted) == set(range(len(num_rows)))
    assert set(counted.values()) == {1}


def test_all_rows_of_an_example_are_in_one_batch() -> None:
    examples: list[Example] = [EXAMPLE, *make_examples()]
    model = tiny_model(Kind.CAUSAL, format=QuestionFormat())
    batch = model.collate(examples)
    assert [batch.owners.count(owner) for owner in range(len(examples))] == [3, 2, 2, 2, 2, 2]
    first = batch.first(2)
    assert first.owners == [0, 0, 0, 1, 1] and len(first) == 2 and first.prompt_ids.shape[0] == 5
    twice = first.repeated(2)
    assert twice.owners == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1] and len(twice.examples) == 2
