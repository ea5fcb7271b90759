import random

from gner.scoring.bootstrap import f1_intervals


def test_intervals_contain_the_score_and_shrink_with_more_sentences() -> None:
    rng = random.Random(0)

    def sentences(number: int) -> list[list[int]]:
        return [[int(rng.random() < 0.7), 1, 1] for _ in range(number)]

    counts = {"few": sentences(50), "many": sentences(5000)}
    intervals, average = f1_intervals(counts, 300)
    for name, of_dataset in counts.items():
        f1 = sum(row[0] for row in of_dataset) / len(of_dataset)
        assert intervals[name].low < f1 < intervals[name].high
    width = {name: high - low for name, (low, high) in intervals.items()}
    assert 0.2 < width["few"] < 0.3  # 2 * 1.96 * sqrt(0.7 * 0.3 / 50) = 0.25
    assert 0.02 < width["many"] < 0.03
    assert 0.1 < average.high - average.low < 0.15


def test_same_seed_gives_same_intervals() -> None:
    counts = {"toy": [[1, 1, 1], [0, 1, 1], [1, 2, 1]]}
    assert f1_intervals(counts, 20, seed=1) == f1_intervals(counts, 20, seed=1) != f1_intervals(counts, 20, seed=2)


def test_score_without_entities_is_zero() -> None:
    assert f1_intervals({"toy": [[0, 0, 0]]}, 5)[1] == (0, 0)
