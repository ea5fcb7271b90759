"""Tests of what follows tokens."""

from gner.decoding.token_memory import TokenMemory, followers


def test_two_tokens_tell_more_than_one() -> None:
    memory = TokenMemory()
    for answer in ([1, 2, 3], [9, 2, 4], [8, 2, 4]):
        memory.learn(answer)
    assert memory.follow([1, 2], {}, limit=1) == [3]
    assert memory.follow([7, 2], {}, limit=1) == [4]


def test_the_sentence_comes_before_what_was_written_earlier() -> None:
    memory = TokenMemory()
    memory.learn([5, 6])
    assert memory.follow([5], followers([5, 7, 8]), limit=9) == [7, 8]


def test_nothing_is_made_up_and_loops_are_bounded() -> None:
    assert TokenMemory().follow([1, 2], {}, limit=5) == []
    assert TokenMemory().follow([1], {(1,): 1}, limit=5) == [1] * 5
