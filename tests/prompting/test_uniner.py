"""UniversalNER's prompts, conversations and answers."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from gner.alignment import OfficialAligner, PostProcessor, RobustAligner
from gner.bio import repair
from gner.cli import GnerCLI
from gner.data.collate import Collator
from gner.errors import UserError
from gner.interfaces import IGNORED
from gner.models import Backbone, FromScratch
from gner.prompting import Segment, UniNerFormat
from gner.prompting.serialize import from_config, to_config, to_short_config
from gner.prompting.uniner_scorer import official_strings
from gner.records import Counts, Example
from gner.scoring.counts import score_of
from gner.testing import check_format
from tests.conftest import SHARED_DATA, make_example
from tests.prompting.test_uniner_parser import PIECES

TYPES = ("person", "city", "club", "dog")
ADA = make_example("Ada/B-person saw/O Ada/B-person in/O Zürich/B-city ./O", types=TYPES)
NOTHING = make_example("nothing/O to/O see/O", types=TYPES)
SYSTEM = "A virtual assistant answers questions from a user based on the provided text."
FORMATS = [
    UniNerFormat(),
    UniNerFormat("paragraph", dataset_line=True, published_seam=True),
    UniNerFormat(num_negative_types=0, shuffle_questions=False),
    UniNerFormat(num_negative_types=1, negatives="uniform"),
    UniNerFormat(num_negative_types=1, type_frequencies={"person": 5, "place": 0}),
]
BASELINES = SHARED_DATA / "baselines"
needs_baselines = pytest.mark.skipif(not BASELINES.is_dir(), reason="no published prompts and answers here")


@pytest.mark.parametrize("format", FORMATS)
def test_the_contract_is_kept(format: UniNerFormat) -> None:
    check_format(format)
    for write in (to_config, to_short_config):
        again = from_config(json.loads(json.dumps(write(format))), "a file")
        assert isinstance(again, UniNerFormat) and vars(again) == vars(format)


def test_prompts_are_those_of_the_released_code() -> None:
    queries = UniNerFormat().queries(ADA)
    assert len(queries) == UniNerFormat().num_queries(ADA) == 4
    assert queries[1].prompt == (
        f"{SYSTEM} USER: Text: Ada saw Ada in Zürich . ASSISTANT: I've read this text.</s>"
        "USER: What describes city in the text? ASSISTANT:"
    )
    assert [query.target for query in queries] == ['["Ada", "Ada"]', '["Z\\u00fcrich"]', "[]", "[]"]
    supervised = UniNerFormat("paragraph", dataset_line=True).queries(ADA)[0].prompt
    assert " provided paragraph. USER: Dataset: toy\n Text: Ada saw" in supervised


def test_a_prompt_is_tokenized_in_the_pieces_of_training_or_of_the_released_code() -> None:
    text = f"{SYSTEM} USER: Text: nothing to see"
    question = "USER: What describes city in the text?"
    pieces = [text, "ASSISTANT: ", "I've read this text.</s>", question, "ASSISTANT: "]
    learned = Segment("[]", True)
    assert UniNerFormat().query_segments(NOTHING)[1] == [*(Segment(piece, False) for piece in pieces), learned]
    *prompt, answer = UniNerFormat(published_seam=True).query_segments(NOTHING)[1]
    assert "".join(segment.text for segment in prompt) == UniNerFormat().queries(NOTHING)[1].prompt
    assert ([segment.learned for segment in prompt], answer) == ([False, False], learned)


def test_a_conversation_has_all_questions_in_random_order() -> None:
    for seam in (False, True):
        [segments] = UniNerFormat(published_seam=seam, shuffle_questions=False).training(ADA, random.Random(0))
        assert segments[2] == Segment("I've read this text.</s>", True)
        assert [one.text for one in segments[5::3]] == [f"{query.target}</s>" for query in UniNerFormat().queries(ADA)]
        assert {one.learned for one in segments[5::3]} == {True}
    orders = {tuple(_asked(UniNerFormat(), ADA, seed)) for seed in range(100)}
    assert len(orders) > 15 and {frozenset(order) for order in orders} == {frozenset(TYPES)}


def _asked(format: UniNerFormat, example: Example, seed: int) -> list[str]:
    """The types that training asks for, which are the same for both kinds of backbones."""
    [conversation] = format.training(example, random.Random(seed))
    questions = [one.text for one in conversation[3::3]]
    alone = [sequence[-3].text for sequence in format.seq2seq_training(example, random.Random(seed))]
    assert alone == questions
    return [question.removeprefix("USER: What describes ").removesuffix(" in the text?") for question in questions]


def test_types_that_do_not_occur_are_drawn() -> None:
    none = UniNerFormat(num_negative_types=0, shuffle_questions=False)
    assert _asked(none, ADA, 0) == ["person", "city"]
    assert all(len(_asked(none, NOTHING, seed)) == 1 for seed in range(5))  # there is always something to learn
    many = UniNerFormat(num_negative_types=9, negatives="uniform", shuffle_questions=False)
    assert _asked(many, ADA, 0) == list(TYPES)


@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({"negatives": "uniform"}, 0.5),
        ({"negatives": "uniform", "type_frequencies": {"dog": 9}}, 0.5),
        ({"type_frequencies": {"dog": 9, "club": 3}}, 0.75),
        ({"type_frequencies": {"dog": 9}}, 0.9),
        ({"type_frequencies": {"dog": 0, "club": 4}}, 0.2),
    ],
)
def test_types_are_drawn_by_their_frequency(options: dict[str, Any], share: float) -> None:
    format = UniNerFormat(num_negative_types=1, **options)
    drawn = Counter(chain.from_iterable(_asked(format, ADA, seed) for seed in range(2000)))
    assert drawn["person"] == drawn["city"] == 2000
    assert drawn["dog"] / 2000 == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"system": "sentence"}, r"text or paragraph, got 'sentence'.*format\.init_args\.system"),
        ({"negatives": "all"}, r"frequency or uniform, got 'all'.*format\.init_args\.negatives"),
        ({"num_negative_types": -1}, r"got -1.*format\.init_args\.num_negative_types"),
        ({"num_negative_types": 3}, r"got null.*type_frequencies to.*init_args\.negatives to uniform"),
        ({"type_frequencies": {"dog": -1}}, r"got -1 for 'dog'.*format\.init_args\.type_frequencies"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        UniNerFormat(**options)


def test_a_config_names_it_shortly(config: Path, tmp_path: Path) -> None:
    options = {"num_negative_types": 2, "type_frequencies": {"Restaurant Name": 3}}
    file = tmp_path / "uniner.yaml"
    chosen = {"class_path": "UniNerFormat", "init_args": options}
    file.write_text(yaml.safe_dump({"model": {"format": chosen}}), encoding="utf-8")
    format = GnerCLI("fit", ["--config", str(config), "--config", str(file)]).model.format
    assert isinstance(format, UniNerFormat) and to_short_config(format)["init_args"] == options


def test_answers_become_entities() -> None:
    texts = ['["Ada", "Eve"', '["ZÜRICH"] is one', '["Ada saw"]', "none"]
    prediction = UniNerFormat().read(ADA, texts, RobustAligner())
    assert prediction.tags == ("B-club", "I-club", "B-person", "O", "B-city", "O")  # the longer of two that overlap
    written = [texts[place.text][place.start : place.end] for place in prediction.written]
    assert written == ["Ada saw", "Ada", "ZÜRICH"]
    assert (prediction.report.unplaced, prediction.report.unparsed) == (1, 9)
    official = PostProcessor(UniNerFormat(), aligner="official")(ADA, texts)
    assert official.tags == ("B-club", "I-club", "O", "O", "B-city", "O")  # its list must be closed
    assert (official.report.unplaced, official.report.unparsed) == (0, 21)
    assert official.official == Counts(1, 2, 2)


def test_any_text_gives_valid_tags() -> None:
    format = UniNerFormat()
    rng = random.Random(0)
    for _ in range(2000):
        texts = [rng.choice(("", "[")) + "".join(rng.choices(PIECES, k=rng.randrange(15))) for _ in TYPES]
        prediction = format.read(ADA, texts, RobustAligner())
        assert repair(prediction.tags) == (prediction.tags, 0)
        assert len(prediction.written) == len(prediction.entities)
        format.read_official(ADA, texts, OfficialAligner())
        format.official_counts(ADA, texts, OfficialAligner())


@pytest.mark.parametrize("strings", [[], ["Ada"], ['a "b" \\ /', "Zoë 😀", "x\ty"]])
def test_the_grammar_writes_what_json_does(strings: list[str]) -> None:
    for kind, grammar in zip(TYPES, UniNerFormat().grammars(ADA), strict=True):
        [item] = grammar.items
        assert (item.type, grammar.write([(item, string) for string in strings])) == (kind, json.dumps(strings))
        assert all(item.escape(string) == "".join(map(item.escape, string)) for string in strings)


@cache
def _llama_like() -> Backbone:
    """A tokenizer that marks the start of words by ``▁`` and puts one before any text, as those of LLaMA do."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>", "<pad>", "<s>", "</s>"], show_progress=False)
    texts = [f"{query.prompt} {query.target}".replace("</s>", " ") for query in UniNerFormat().queries(ADA)]
    tokenizer.train_from_iterator(texts * 5, trainer)
    begin = [("<s>", tokenizer.token_to_id("<s>"))]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=begin)
    backbone = Backbone(FromScratch("llama"))
    backbone.set_tokenizer(tokenizer.to_str())
    return backbone


def test_the_pieces_of_a_conversation_have_the_tokens_of_the_released_code() -> None:
    tokenizer = _llama_like().tokenizer
    format = UniNerFormat(shuffle_questions=False)
    batch = Collator(format, _llama_like()).for_training([ADA], [random.Random(0)])
    tokens = tokenizer.convert_ids_to_tokens(batch.input_ids[0].tolist())
    assert (tokens[0], tokens.count("<s>"), tokens[-1], tokens.count("</s>")) == ("<s>", 1, "</s>", 5)
    turns = [place for place, token in enumerate(tokens) if token == "▁ASSISTANT:"]
    assert {tokens[place + 1] for place in turns} == {"▁"}  # of the space at the end of `ASSISTANT: `
    assert tokens[turns[1] + 2].startswith("▁[")
    [segments] = format.training(ADA, random.Random(0))
    learned = [_tokens(tokenizer, segment) for segment in segments if segment.learned]
    labels = [label for label in batch.labels[0].tolist() if label != IGNORED]
    assert tokenizer.convert_ids_to_tokens(labels) == list(chain.from_iterable(learned))
    assert tokens == ["<s>", *chain.from_iterable(_tokens(tokenizer, segment) for segment in segments)]


def _tokens(tokenizer: Any, segment: Segment) -> list[str]:
    text = segment.text.removesuffix("</s>")
    return [*tokenizer.tokenize(text), *["</s>"] * (text != segment.text)]


@pytest.mark.parametrize("kind", TYPES)
def test_generation_starts_from_what_training_saw(kind: str) -> None:
    """The prompt of a question is the start of a conversation that asks it first."""
    order = (kind, *(other for other in TYPES if other != kind))
    collate = Collator(UniNerFormat(shuffle_questions=False), _llama_like())
    trained = collate.for_training([replace(ADA, types=order)], [random.Random(0)])
    prompt = _prompts(UniNerFormat())[TYPES.index(kind)]
    assert trained.input_ids[0, : len(prompt)].tolist() == prompt
    labels = trained.labels[0].tolist()
    assert labels[len(prompt) - 1] == IGNORED != labels[len(prompt)]


def test_the_published_seam_is_the_end_of_a_word() -> None:
    tokenizer = _llama_like().tokenizer
    texts = UniNerFormat().queries(ADA)[0].prompt.split("</s>")
    pieces = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    whole = [tokenizer.bos_token_id, *pieces[0], tokenizer.eos_token_id, *pieces[1]]
    assert _prompts(UniNerFormat(published_seam=True))[0] == whole
    assert tokenizer.convert_ids_to_tokens(whole)[-1] == "▁ASSISTANT:"


def _prompts(format: UniNerFormat) -> list[list[int]]:
    batch = Collator(format, _llama_like())([ADA])
    rows = zip(batch.prompt_ids, batch.prompt_mask, strict=True)
    return [ids[mask.bool()].tolist() for ids, mask in rows]


@needs_baselines
def test_published_prompts_and_answers_are_met() -> None:
    for row in _shared("uniner.jsonl"):
        format = UniNerFormat(dataset_line="Dataset:" in row["prompt"])
        if row.get("words"):
            example = _example(row, row["types"])
            queries = dict(zip(example.types, format.queries(example), strict=True))
            assert queries[row["type"]] == (row["prompt"], row["target"])
        for answer in row["answers"]:
            assert official_strings(answer["text"]) == answer["parsed"]


@needs_baselines
def test_published_conversations_are_met() -> None:
    for row in _shared("uniner_conversations.jsonl"):
        format = UniNerFormat(row["system"], shuffle_questions=False)
        [segments] = format.training(_example(row, row["order"]), random.Random(0))
        assert [list(segment) for segment in segments] == row["segments"]


@needs_baselines
def test_published_scores_are_met() -> None:
    counts = []
    for row in _shared("predictions.jsonl"):
        example = _example(row, row["types"])
        texts = [row["uniner"][kind] for kind in example.types]
        counts.append(UniNerFormat().official_counts(example, texts, OfficialAligner()))
    score = score_of(Counts(*map(sum, zip(*counts, strict=True))), 1e-10)
    expected = json.loads((BASELINES / "scores.json").read_text(encoding="utf-8"))["uniner"]["crossner_ai"]
    for name in ("precision", "recall", "f1"):
        assert getattr(score, name) == pytest.approx(expected[name], abs=1e-9)


def _shared(name: str) -> Iterator[dict[str, Any]]:
    with (BASELINES / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _example(row: dict[str, Any], types: list[str]) -> Example:
    return Example(tuple(row["words"]), tuple(row["tags"]), tuple(types), row.get("dataset", ""), "0")
