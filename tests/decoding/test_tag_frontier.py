"""The order in which beginnings of a tagged sentence are looked at."""

from gner.decoding.tag_frontier import Frontier, History, tokens_until
from gner.decoding.tree_node import AnswerNode
from gner.decoding.word_tokens import Choices, TrieNode

TAGS = TrieNode.of({"O": [4], "B-city": [5, 7], "B-song": [5, 8]})
ENTITY = TAGS.children[5]


def _root() -> History:
    return History(lambda word, before: Choices((10 + word,), TAGS), AnswerNode())


def _first(frontier: Frontier) -> tuple[tuple[str, ...], bool]:
    """The tags of the first beginning, and whether it is within one more."""
    beginning = frontier.first()
    return beginning.history.tags, beginning.prefix is not None


def test_the_most_probable_beginning_comes_first() -> None:
    frontier = Frontier(_root(), num_words=2, num_beams=2)
    frontier.extend(-0.5, {4: -1.0, 5: -0.2})
    assert _first(frontier) == ((), True) and frontier.first().cost == 0.7
    frontier.extend(-9.0, {7: -3.0, 8: -0.5})  # the stem of a word counts once
    assert _first(frontier) == (("B-song",), False) and frontier.first().cost == 1.2
    assert [len(beginning.history.tags) for beginning in frontier.open()] == [1, 1, 1]


def test_fewer_words_are_closed_when_enough_histories_were_looked_at() -> None:
    frontier = Frontier(_root(), num_words=2, num_beams=1)
    frontier.extend(0.0, {4: -0.1, 5: -0.2})
    fork = frontier.fork()
    frontier.extend(0.0, {4: -9.0, 5: -9.5})  # the history O
    assert _first(frontier) == (("O", "O"), False)
    assert frontier.is_last(frontier.first().history)
    assert _first(fork) == (("O",), False)  # which the fork does not know of


def test_what_is_not_expected_is_left_out() -> None:
    frontier = Frontier(_root(), num_words=2, num_beams=4)
    frontier.extend(0.0, {5: 0.0})
    frontier.extend(0.0, {8: 0.0})
    assert [beginning.history.tags for beginning in frontier.open()] == [("B-song",)]


def test_a_sentence_ends_where_the_longest_tag_does_not_fit() -> None:
    history = _root().child("B-city")  # three tokens
    assert Frontier(_root(), 9, num_beams=1, limit=5).is_last(history)
    assert not Frontier(_root(), 9, num_beams=1, limit=6).is_last(history)


def test_nodes_are_made_when_they_are_asked_for() -> None:
    history = _root().child("O")
    assert history.reached().depth == 0
    assert history.node.tokens() == [10, 4]
    assert tokens_until(history, ENTITY) == [11, 5]
    assert history.reached([11, 5]) is history.node
    made = history.node.after([11, 5])
    assert history.reached([11, 5]) is made
    assert history.child("B-city").reached() is made
