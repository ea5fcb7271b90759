"""What sharing prompts saves, against the batches of training themselves."""

from pathlib import Path
from typing import Any

import pytest

from gner.data import GnerDataModule
from gner.data.regularization import Regularization
from gner.data.synthetic import SyntheticCorpus
from gner.models import Backbone, FromScratch
from gner.models.flops import TrainingFlops
from gner.prompting import GnerFormat
from gner.shared_plan import SharedReading, read_shared

SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
LOCAL = {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["local"], 2]]}


def _read(
    tmp_path: Path, model_type: str = "llama", sizes: dict[str, Any] = SIZES, **options: Any
) -> tuple[SharedReading | None, GnerDataModule]:
    SyntheticCorpus("toy", num_train=40, num_dev=2).write(tmp_path)
    backbone = Backbone(FromScratch(model_type, vocab_size=400, config=sizes))
    data = GnerDataModule(backbone, GnerFormat(), str(tmp_path), train=["toy"], val=["toy"], batch_size=8, **options)
    data.setup("fit")
    return read_shared(backbone, data, TrainingFlops(backbone.build_empty())), data


def test_a_plan_reads_what_training_reads(tmp_path: Path) -> None:
    shared, data = _read(tmp_path, regularization=Regularization(shuffle_types="batch"))
    assert shared is not None and shared.operations is not None
    batches = list(data.train_dataloader())
    num_all = sum(sum(map(sum, batch.lengths)) for batch in batches)
    packed = [batch.packed for batch in batches if batch.packed is not None]
    assert len(packed) == len(batches)
    assert shared.tokens == sum(one.num_tokens for one in packed) / num_all < 0.6
    assert shared.tokens < shared.operations < 1  # bins are longer than rows, so attention saves less
    assert shared.largest is not None
    assert shared.largest.length > max(max(map(sum, batch.lengths)) for batch in batches)


def test_one_order_of_types_saves_more(tmp_path: Path) -> None:
    parts = []
    for order in ("batch", True):
        shared, _ = _read(tmp_path, regularization=Regularization(shuffle_types=order))
        assert shared is not None
        parts.append(shared.tokens)
    assert parts[0] < parts[1]


@pytest.mark.parametrize(
    ("model_type", "sizes", "options"),
    [
        ("llama", SIZES, {"share_prompts": "never"}),
        ("gpt_neo", LOCAL, {}),
        ("t5", {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2}, {}),
    ],
)
def test_nothing_is_saved_where_nothing_is_packed(
    model_type: str, sizes: dict[str, Any], options: dict[str, Any], tmp_path: Path
) -> None:
    assert _read(tmp_path, model_type, sizes, **options)[0] is None
