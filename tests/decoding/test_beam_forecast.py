"""What a beam search is expected to ask for."""

from gner.decoding.beam_forecast import BeamForecast
from gner.decoding.beam_replay import BeamReplay, Node, Rules
from gner.decoding.drafting import WordDrafts
from gner.testing import make_examples, tiny_model

MODEL = tiny_model("causal")
TOKENIZER = MODEL.tokenizer


def _begin(limit: int = 99) -> tuple[BeamReplay, BeamForecast]:
    """A search in the first sentence."""
    [drafter] = WordDrafts().drafters(MODEL, MODEL.batch(make_examples()[:1]))
    root = Node()
    rules = Rules(num_beams=2, length_penalty=1.0, end=TOKENIZER.eos_token_id, limit=limit, only_best=True)
    return BeamReplay(rules, root), BeamForecast(root, drafter, rules.end)


def _read(nodes: list[Node], other: int) -> None:
    """Have a network agree to what was drafted, but for the first token."""
    for node in nodes:
        [drafted] = list(node.children)[:1] or [TOKENIZER.eos_token_id]
        first = (other, -0.01) if node.parent is None else (drafted, -0.01)
        node.next = [first, (drafted, -0.1), (7, -8.0), (8, -9.0)]


def test_the_first_pass_reads_the_draft() -> None:
    replay, forecast = _begin()
    text = TOKENIZER.decode([node.token for node in forecast.wanted(replay, room=99)[1:]])
    assert text == "Ada(O) Lovelace(O) wrote(O) to(O) London(O) .(O)"
    assert len(forecast.wanted(replay, room=5)) == 5
    short, forecast = _begin(limit=4)
    assert len(forecast.wanted(short, room=99)) == 4


def test_a_beam_that_leaves_the_draft_is_drafted_with_what_followed_in_others() -> None:
    replay, forecast = _begin()
    first = forecast.wanted(replay, room=99)
    other = TOKENIZER(" Bob", add_special_tokens=False)["input_ids"][0]
    _read(first, other)
    forecast.learn(first, replay.advance_known())
    assert {beam.node.token for beam in replay.running} >= {other}
    wanted = forecast.wanted(replay, room=99)
    assert wanted[0].token == other and len(wanted) > 10


def test_a_row_that_gets_little_for_much_looks_less_far_ahead() -> None:
    replay, forecast = _begin()
    sizes = []
    for step in range(60):
        nodes = forecast.wanted(replay, room=99, least=0.5)
        sizes.append(len(nodes))
        for node in nodes:
            node.next = [(300 + step, -0.01), (7, -8.0), (8, -9.0), (9, -9.5)]  # never what is drafted
        forecast.learn(nodes, replay.advance_known())
    assert sizes[0] > 10 and sum(sizes[-20:]) < 20 * sizes[0] / 1.5
    assert all(size >= 1 for size in sizes)


def test_what_the_search_waits_for_is_always_wanted() -> None:
    replay, forecast = _begin()
    assert forecast.wanted(replay, room=1) == [replay.running[0].node]
