"""What a stream asks of the model reaches it through queues between processes."""

import pickle

from gner.inference.texts import WordedText
from gner.inference.windows import Window
from gner.serving.predict_request import PredictRequest
from gner.serving.window_request import CutRequest, CutText, WindowRequest


def test_steps_of_a_stream_travel_between_processes() -> None:
    asked = PredictRequest(text="Ada slept .", types=["person"])
    cut = CutText(WordedText.join(["Ada", "slept", "."]), [Window(0, 3)], [3], {"person": "person"}, 1)
    for step in (CutRequest(asked), WindowRequest(asked, ["Ada", "slept", "."]), cut):
        assert pickle.loads(pickle.dumps(step)) == step


def test_only_windows_count_as_texts_to_be_labelled() -> None:
    asked = PredictRequest(text="Ada slept .")
    assert (CutRequest(asked).num_texts, WindowRequest(asked, ["Ada"]).num_texts, asked.num_texts) == (0, 1, 1)
