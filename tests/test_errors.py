"""One-line summaries of errors."""

from gner.errors import first_line, last_line


def test_an_error_without_a_message_is_summarized_by_its_class() -> None:
    assert first_line(OSError()) == last_line(OSError()) == "OSError"
    assert (first_line(ValueError("\n a \n\n b \n")), last_line(ValueError("\n a \n\n b \n"))) == ("a", "b")
