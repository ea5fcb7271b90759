"""Estimates the memory of training and validation with fake tensors; nothing is allocated.

Why it runs the network instead of a formula: docs/decisions/sharding.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import torch
from lightning.fabric.plugins.environments import LightningEnvironment
from torch import Tensor, distributed, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers import PreTrainedModel

from gner.decoding.forward_pass import MOST_LOGITS, takes
from gner.decoding.head import run_decoder
from gner.interfaces import Kind, kind_of
from gner.models.backbone import Backbone
from gner.models.flops import Numbers, count_flops
from gner.models.memory_needs import PackedShape, Shape
from gner.models.quantization import saved_bytes
from gner.models.sharding import FSDP2Strategy, block_names, compute_dtype

_ADAM_STATES = 2
_FUSED_LOSS = 5 * MOST_LOGITS  # bytes of a chunk of logits and its gradients, by benchmarks/fused_loss.py
_AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
_WEIGHT_TYPES = {"32-true": torch.float32, "bf16-true": torch.bfloat16, "16-true": torch.float16}
PRECISIONS = (*_AUTOCAST, *_WEIGHT_TYPES)
"""Supported values of ``trainer.precision``."""


@dataclass(frozen=True)
class Footprint:
    """Bytes of one process at the peak of a training step, and at validation.

    Attributes:
        weights: The process's own share of the weights.
        optimizer: Two numbers for each weight that it trains.
        gradients: Of its own weights and, for a moment, of gathered ones.
        own_gradients: Of its own weights, all of which exist when the optimizer steps.
        gathered: Weights gathered for the running blocks.
        activations: What the forward pass keeps for the backward pass.
        passing: Gradients of activations, the loss, and communication buffers.
        validation_gathered: Weights gathered for generation, in addition to the process's own.
        cache: KV cache of the longest validation batch, for every beam.
        is_offloaded: Weights and optimizer are in CPU memory, and not in the sums.
    """

    weights: int
    optimizer: int
    gradients: int
    own_gradients: int
    gathered: int
    activations: int
    passing: int
    validation_gathered: int
    cache: int
    is_offloaded: bool

    @property
    def training(self) -> int:
        """Total on the device in training."""
        at_work = self.gradients + self.gathered + self.activations + self.passing
        return self._kept + max(at_work, self.own_gradients)

    @property
    def validation(self) -> int:
        """Total on the device at validation."""
        return self._kept + self.validation_gathered + self.cache

    @property
    def _kept(self) -> int:
        return 0 if self.is_offloaded else self.weights + self.optimizer


class Planner:
    """Measures the memory of a run without allocating it.

    The network is built, sharded and trained for a step by the code of a real run, on fake tensors and with the other
    processes simulated; torch's memory tracker adds up the live tensors. Fragmentation, device libraries and the
    collectives' own buffers come on top: one to two GiB on a GPU.

    Args:
        backbone: What to build.
        prepare: Adds adapters and gradient checkpointing.
        strategy: How the network is sharded; None keeps it whole on every process.
        precision: The trainer's, one of `PRECISIONS`.
        fuses_loss: Whether the loss is computed without the logits of a whole batch.
        quantizes: Whether frozen weights are kept with 4 bits.
        num_nodes: Machines.
        devices: Processes per machine.
    """

    def __init__(
        self,
        backbone: Backbone,
        prepare: Callable[[PreTrainedModel], None],
        strategy: FSDP2Strategy | None,
        *,
        precision: str = "32-true",
        fuses_loss: bool = False,
        quantizes: bool = False,
        num_nodes: int = 1,
        devices: int = 1,
    ) -> None:
        self._backbone = backbone
        self._prepare = prepare
        self._strategy = strategy
        self._precision = precision
        self._fuses_loss = fuses_loss
        self._quantizes = quantizes
        self._num_nodes = num_nodes
        self._devices = devices
        self._num_processes = num_nodes * devices

    def numbers(self) -> Numbers:
        """Count parameters."""
        network = self._backbone.build_empty()
        self._prepare(network)
        parameters = list(network.parameters())
        trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
        flops = count_flops(network, block_names(self._strategy))
        return Numbers(sum(parameter.numel() for parameter in parameters), trainable, flops)

    def footprint(
        self, training: Shape | PackedShape, validation: Shape, *, num_sequences: int, accumulates: bool
    ) -> Footprint:
        """Measure the memory of one process.

        Args:
            training: The largest training batch.
            validation: The largest validation batch.
            num_sequences: Texts generated at once per example.
            accumulates: True if gradients of several batches are accumulated.
        """
        with ExitStack() as stack:
            stack.enter_context(_simulated_processes(self._num_processes))
            self._connect()
            network = self._build(_WEIGHT_TYPES.get(self._precision, torch.float32)).train()
            computing = self._build(compute_dtype(self._strategy, self._precision)).eval()
            stack.enter_context(FakeTensorMode())  # from here on, tensors have a shape and a device, but no data
            _move_to_cpu(network)
            _move_to_cpu(computing)
            saved = saved_bytes(network) if self._quantizes else 0
            if self._strategy is not None:
                self._strategy.shard(network)
            weights = _bytes(network.parameters())
            trained = _bytes(parameter for parameter in network.parameters() if parameter.requires_grad)
            if accumulates:
                _add_gradients(network)
            at_peak = self._measure_step(network, training)
            del network
            cache = num_sequences * _measure_cache(computing, validation)
        gathered = at_peak["Parameter"] - weights
        gathers_all = self._strategy is not None and self._strategy.decode == "gather"
        validation_gathered = _bytes(computing.parameters()) if gathers_all else gathered
        is_offloaded = self._strategy is not None and self._strategy.offloads_to_cpu
        return Footprint(
            weights=weights - saved,
            optimizer=_ADAM_STATES * trained,
            gradients=at_peak["Gradient"],
            own_gradients=trained,
            gathered=gathered,
            activations=at_peak["Activation"],
            passing=self._passing(at_peak, trained),
            validation_gathered=validation_gathered,
            cache=cache,
            is_offloaded=is_offloaded,
        )

    def _passing(self, at_peak: dict[str, int], trained: int) -> int:
        passing = at_peak["Temp"] + at_peak["Buffer"] + at_peak["Other"]
        is_ddp = self._strategy is None and self._num_processes > 1
        return passing + trained if is_ddp else passing  # DDP sums gradients over the processes in buckets

    def _connect(self) -> None:
        if self._strategy is None:
            return
        self._strategy.num_nodes = self._num_nodes
        self._strategy.parallel_devices = [torch.device("cpu")] * self._devices
        self._strategy.cluster_environment = LightningEnvironment()
        shape, names = (self._num_processes, 1), ("data_parallel", "tensor_parallel")
        self._strategy._device_mesh = init_device_mesh("cpu", shape, mesh_dim_names=names)
        assert self._strategy.mesh.size() == self._num_processes

    def _build(self, dtype: torch.dtype) -> PreTrainedModel:
        network = self._backbone.build_empty(dtype)
        self._prepare(network)
        return network

    def _measure_step(self, network: PreTrainedModel, shape: Shape | PackedShape) -> dict[str, int]:
        """Bytes by kind of tensor at the peak of a forward and backward pass."""
        autocast = _AUTOCAST.get(self._precision)
        tracker = _Tracker()
        tracker.track_external(network)
        with tracker:
            with torch.autocast("cpu", autocast) if autocast is not None else nullcontext():
                inputs = shape.step_inputs(network)
                inputs |= {"use_cache": False} if takes(network, "use_cache") else {}
                loss = self._loss(network, inputs)
            loss.backward()
        [snapshot] = tracker.get_tracker_snapshot("peak").values()
        sizes = {getattr(kind, "value", kind): size for kind, size in snapshot.items()}
        return sizes | ({"Temp": sizes["Temp"] + _FUSED_LOSS} if self._fuses_loss else {})

    def _loss(self, network: PreTrainedModel, inputs: dict[str, Any]) -> Tensor:
        """The loss; or, of a fused one, a number with the states that it depends on."""
        if not self._fuses_loss:
            return cast(Tensor, network(**inputs).loss)
        labels = inputs.pop("labels")
        if kind_of(network.config) is Kind.SEQ2SEQ:
            inputs["decoder_input_ids"] = labels
        states, output = run_decoder(network, inputs)
        return states.sum() + output.logits.sum()


class _Tracker(MemTracker):
    """Torch's memory tracker without its records for each module, which take minutes with many adapters.

    Modules with frozen weights get no hooks, as torch's would wait for gradients of all weights.
    """

    def _track_module_params_and_buffers(self, module: nn.Module, install_grad_hooks: bool = True) -> tuple[int, int]:
        is_trained = all(parameter.requires_grad for parameter in module.parameters())
        return super()._track_module_params_and_buffers(module, install_grad_hooks and is_trained)

    def _update_peak_stats(self, peak_state: Any) -> None:
        for device, snapshot in self._curr_mem_snap.items():
            if snapshot["Total"] > self._peak_mem.get(device, 0):
                self._peak_mem[device] = snapshot["Total"]
                self._peak_mem_snap[device] = dict(snapshot)


@contextmanager
def _simulated_processes(num_processes: int) -> Iterator[None]:
    """Simulate a process group, whose collectives return at once without data."""
    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=num_processes)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _move_to_cpu(network: PreTrainedModel) -> None:
    """Replace tensors on the meta device by ones on the CPU; tied ones stay tied."""
    moved: dict[Tensor, Tensor] = {}
    for module in network.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in cast(dict[str, Tensor | None], tensors).items():
                if tensor is None:
                    continue
                if tensor not in moved:
                    empty = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu")
                    is_parameter = isinstance(tensor, nn.Parameter)
                    moved[tensor] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
                cast(dict[str, Tensor | None], tensors)[name] = moved[tensor]


def _add_gradients(network: PreTrainedModel) -> None:
    """Give trained parameters gradients, as after an earlier batch of an accumulation."""
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None


def _measure_cache(network: PreTrainedModel, shape: Shape) -> int:
    """Bytes of the KV cache of a batch whose answers are complete; a tagger has none."""
    if not network.can_generate():
        return 0
    answers = {"decoder_input_ids": shape.answers(1)} if kind_of(network.config) is Kind.SEQ2SEQ else {}
    with torch.no_grad():
        cache = network(input_ids=shape.inputs(network, 1), use_cache=True, **answers).past_key_values
    return shape.rows * _bytes(_tensors(cache))


def _tensors(thing: Any) -> Iterator[Tensor]:
    """The tensors in a KV cache of any type."""
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, (list, tuple)):
        for part in thing:
            yield from _tensors(part)
    elif hasattr(thing, "__dict__"):
        yield from _tensors(list(vars(thing).values()))


def _bytes(tensors: Any) -> int:
    """Bytes of the local parts of tensors."""
    here = (tensor.to_local() if isinstance(tensor, DTensor) else tensor for tensor in tensors)
    return sum(tensor.numel() * tensor.element_size() for tensor in here)
