"""What a search over tags will ask."""

from gner.decoding.tag_forecast import Question, TagForecast
from gner.decoding.tag_frontier import Frontier, History
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.tree_node import AnswerNode
from gner.decoding.word_tokens import Choices, TrieNode
from gner.records import Example

EXAMPLE = Example(("in", "Rome", "now"), ("O",) * 3, ("city",), "toy", "0")
TAGS = TrieNode.of({"O": [4], "B-city": [5, 7]})
ENTITY = TAGS.children[5]


def _start(num_beams: int) -> tuple[TagForecast, Frontier]:
    memory = TagMemory()
    memory.learn(EXAMPLE, ["O", "B-city", "O"])
    root = History(lambda word, before: Choices((10 + word,), TAGS), AnswerNode())
    return TagForecast(Guesses(memory, EXAMPLE), num_words=3), Frontier(root, 3, num_beams)


def _answer(chain: list[Question], scores: dict[int, float]) -> None:
    """What a network says that gives each token the same log-probability everywhere."""
    for history, prefix, _, tokens in chain:
        if prefix is None:
            history.stem_log_probs += [0.0]
        else:
            history.known[prefix] = {token: scores[token] for token in tokens}


def _texts(chains: list[list[Question]]) -> list[tuple[list[int], int]]:
    """The last answer of each chain, and how many questions there are."""
    return [(chain[-1].node.tokens(), len(chain)) for chain in chains]


def test_the_guessed_tags_are_expected_first() -> None:
    forecast, frontier = _start(num_beams=4)
    assert _texts(forecast.wanted(frontier, room=99)) == [([10, 4, 11, 5, 7, 12], 7)]
    assert _texts(forecast.wanted(frontier, room=3)) == [([10, 4, 11], 4)]


def test_what_one_history_showed_is_expected_of_others() -> None:
    forecast, frontier = _start(num_beams=4)
    [chain] = forecast.wanted(frontier, room=99)
    _answer(chain, {4: -0.6, 5: -0.9, 7: 0.0})  # O is a little better everywhere
    forecast.learn(chain)
    frontier.extend(0.0, chain[1].history.known[TAGS])
    # the first word may yet be a city, and then the second word will be none
    assert _texts(forecast.wanted(frontier, room=99, most=1)) == [([10, 5, 7, 11, 4, 12], 5)]
    # of the answer that was guessed, what comes after O for the second word was not read
    both = [([10, 5, 7, 11, 4, 12], 5), ([10, 4, 11, 4, 12], 2)]
    assert sorted(_texts(forecast.wanted(frontier, room=99))) == sorted(both)
    assert len(forecast.wanted(frontier, room=99, most=1)) == 1
