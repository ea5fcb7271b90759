"""File prediction from start to end."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gner.predict import main
from tests.file_prediction.commands import options_of, start


def test_streams_links_and_pipes_are_written_through(model: str, texts: Path, tmp_path: Path) -> None:
    expected = tmp_path / "expected.jsonl"
    main(options_of(model, texts, expected, "--html", str(tmp_path / "expected.html")))
    printed, pipe, link = tmp_path / "printed", tmp_path / "pipe", tmp_path / "link.html"
    printed.write_text("before\n", encoding="utf-8")
    (tmp_path / "target.html").write_text("old", encoding="utf-8")
    link.symlink_to(tmp_path / "target.html")
    with printed.open("ab") as file:
        assert start(*options_of(model, texts, Path("/dev/stdout")), stdout=file).wait() == 0
    assert printed.read_text(encoding="utf-8") == "before\n" + expected.read_text(encoding="utf-8")
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as threads:
        read = threads.submit(pipe.read_bytes)
        try:
            main(options_of(model, texts, pipe))
        finally:
            if not read.done():  # nobody opened the pipe: unblock its reader
                os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
        assert read.result() == expected.read_bytes()
    assert pipe.is_fifo()
    main(options_of(model, texts, tmp_path / "out", "--html", str(link), "--overwrite"))
    assert link.is_symlink()
    assert (tmp_path / "target.html").read_bytes() == (tmp_path / "expected.html").read_bytes()


@pytest.mark.parametrize("format", ["conll", "brat", "spacy", "hf", "label_studio", "doccano"])
def test_other_layouts_are_written_at_the_end(format: str, model: str, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main(options_of(model, texts, out, "--format", format, "--html", str(tmp_path / "page.html")))
    assert {path.name for path in tmp_path.iterdir()} == {"out", "page.html", "texts.txt"}
    assert out.is_dir() == (format == "brat")
    with pytest.raises(SystemExit):
        main(options_of(model, texts, out, "--format", format))
