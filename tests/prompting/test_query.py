from gner import prompting
from gner.prompting import base, query


def test_a_format_can_be_written_from_one_import() -> None:
    for name in ("END", "Query", "Segment"):
        assert getattr(prompting, name) is getattr(base, name) is getattr(query, name)


def test_the_end_token_ends_a_segment() -> None:
    assert query.Segment(f"Ada{query.END}", learned=True).text.endswith("</s>")
