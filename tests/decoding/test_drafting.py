"""Tests of which drafts a format gets."""

from gner.decoding.drafting import ListDrafts, WordDrafts
from gner.prompting import GnerFormat, UniNerFormat
from gner.records import Generation
from gner.testing import make_examples, tiny_model


def test_words_and_lists_are_drafted_by_the_format() -> None:
    examples = make_examples()
    assert WordDrafts().can_draft(GnerFormat(), examples)
    assert not WordDrafts().can_draft(UniNerFormat(), examples)
    assert ListDrafts().can_draft(UniNerFormat(), examples)
    assert not ListDrafts().can_draft(GnerFormat(), examples)


def test_answers_to_all_questions_about_a_sentence_are_learned_together() -> None:
    model = tiny_model("causal", format=UniNerFormat())
    batch = model.batch(make_examples()[:1])
    drafts = ListDrafts()
    drafters = drafts.drafters(model, batch)
    targets = [query.target for query in model.format.queries(batch.examples[0])]
    ids = [model.tokenizer(target, add_special_tokens=False)["input_ids"] for target in targets]
    written = [Generation(some, target, [], True) for some, target in zip(ids, targets, strict=True)]
    drafts.learn(model.format, batch.examples[0], list(zip(drafters, written, strict=True)))
    drafters = drafts.drafters(model, batch)
    drafts.prepare(drafters)
    assert [model.tokenizer.decode(drafter.draft(64)) for drafter in drafters] == targets
