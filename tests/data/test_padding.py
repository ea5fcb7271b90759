from gner.data.padding import pad_rows


def test_rows_are_padded_on_the_right_or_the_left() -> None:
    for left, expected in ((False, [[1, 2, 3], [4, 9, 9], [9, 9, 9]]), (True, [[1, 2, 3], [9, 9, 4], [9, 9, 9]])):
        numbers, mask = pad_rows([[1, 2, 3], [4], []], 9, left=left)
        assert numbers.tolist() == expected
        assert (mask == (numbers != 9)).all()
