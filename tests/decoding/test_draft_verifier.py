"""A process that has nothing to verify runs its network as often as the others."""

from typing import Any

import pytest
from torch import nn

from gner.decoding import head
from gner.decoding.draft_verifier import idle, verifier_for
from gner.testing import make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import with_architecture

pytestmark = pytest.mark.usefixtures("no_gradients")


class _Calls:
    """Counts how often a module is called."""

    def __init__(self, module: nn.Module) -> None:
        self._count = 0
        module.register_forward_pre_hook(self._see)

    def _see(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._count += 1

    def taken(self) -> int:
        """How often since the last time."""
        count, self._count = self._count, 0
        return count


@pytest.mark.parametrize("kind", [*KINDS, "padded"])
def test_idle_processes_keep_step(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("causal" if kind == "padded" else kind)
    if kind == "padded":
        model = with_architecture(model, "llama", "eager")
    monkeypatch.setattr(head, "is_sharded", lambda network: True)
    monkeypatch.setattr(head, "MOST_LOGITS", 3 * head.vocab_size(model.network))
    parts = [model.network, model.network.get_decoder().layers[0] if kind != "seq2seq" else model.network.lm_head]
    calls = [_Calls(part) for part in parts]
    verifier = verifier_for(model.network, model.batch(make_examples()))
    for _ in range(2):
        verifier.check([[5, 6]] * len(make_examples()))
        expected = [call.taken() for call in calls]
        idle(model.network)
        assert [call.taken() for call in calls] == expected
        verifier.keep(range(len(make_examples())), [0] * len(make_examples()), [7] * len(make_examples()))
