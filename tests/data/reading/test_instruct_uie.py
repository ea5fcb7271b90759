"""InstructUIE's files."""

from pathlib import Path

from tests.data.reading.readers import entities_of, read_records


def test_instruct_uie_positions_types_and_list(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('["person", "city", "NA"]')
    sentence = "Webber 's city : Rome , rome ."
    entities = [
        {"name": "Webber", "type": "person", "pos": [0, 6]},
        {"name": "Rome", "type": "city", "pos": [16, 20]},
        {"name": "rome", "type": "city"},
        {"name": "Paris", "type": "city", "pos": []},
        {"name": "city", "type": "NA", "pos": [10, 14]},
    ]
    [example], counts = read_records(tmp_path / "train.json", {"sentence": sentence, "entities": entities}, lines=False)
    assert example.words == tuple(sentence.split())
    assert entities_of(example) == [("Webber", "person"), ("Rome", "city"), ("rome", "city")]
    assert example.types == ("person", "city")
    assert counts == {"moved": 1, "unplaceable": 1, "no_type": 1}
