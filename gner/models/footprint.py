"""What training and validation would need in memory, found without any: tensors are made that have only a shape."""

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

from gner.models.backbone import Backbone
from gner.models.flops import TrainingFlops, count_flops
from gner.models.sharding import FSDP2Strategy, block_names, compute_dtype

_ADAM_STATES = 2
_AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
_WEIGHT_TYPES = {"32-true": torch.float32, "bf16-true": torch.bfloat16, "16-true": torch.float16}
PRECISIONS = (*_AUTOCAST, *_WEIGHT_TYPES)
"""Of the trainer, that are understood here."""


@dataclass(frozen=True)
class Shape:
    """Rows of a batch, and the tokens of its longest prompt and answer."""

    rows: int
    prompt: int
    answer: int

    def inputs(self, network: PreTrainedModel, rows: int) -> Tensor:
        """Token ids of so many rows as a network reads them: a causal one reads the answer with the prompt."""
        length = self.prompt if network.config.is_encoder_decoder else self.prompt + self.answer
        return torch.zeros((rows, length), dtype=torch.long)

    def answers(self, rows: int) -> Tensor:
        """Token ids of the answers of so many rows."""
        return torch.zeros((rows, self.answer), dtype=torch.long)


@dataclass(frozen=True)
class Footprint:
    """Bytes of one process, at the moment of a training step when it has most, and at validation.

    Attributes:
        weights: What the process keeps of the weights.
        optimizer: Two numbers for each weight that it trains.
        gradients: Of its own weights and, for a moment, of those that are gathered.
        own_gradients: Of its own weights, all of which are there when the optimizer steps.
        gathered: Weights that are gathered for the blocks at work.
        activations: What the forward pass keeps for the backward pass.
        passing: Gradients of activations, the loss, and buffers of what is exchanged.
        validation_gathered: Weights that are there for generation, beside the process's own.
        cache: Keys and values of the longest validation batch, for every beam.
        is_offloaded: Weights and optimizer are in the memory of the CPU, and not in the sums.
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
        """All parts of training on the device."""
        at_work = self.gradients + self.gathered + self.activations + self.passing
        return self._kept + max(at_work, self.own_gradients)

    @property
    def validation(self) -> int:
        """All parts of validation on the device."""
        return self._kept + self.validation_gathered + self.cache

    @property
    def _kept(self) -> int:
        return 0 if self.is_offloaded else self.weights + self.optimizer


@dataclass(frozen=True)
class Numbers:
    """Of a network: its size, and the operations of training on an example (see `TrainingFlops`), if known."""

    num_parameters: int
    num_trainable: int
    flops: TrainingFlops | None


class Planner:
    """Measures a network that is not there.

    The network is built, split and trained for a step as in a run, by the same code, on tensors without data and with
    the other processes made up; torch's memory tracker adds up what is alive. What the allocator loses, the libraries
    of the device and the collectives' own buffers come on top: one to two GiB on a GPU.

    Args:
        backbone: What to build.
        prepare: Adds adapters and gradient checkpointing.
        strategy: How the network is split; None keeps it whole on every process.
        precision: The trainer's, one of `PRECISIONS`.
        num_nodes: Machines.
        devices: Processes on each.
    """

    def __init__(
        self,
        backbone: Backbone,
        prepare: Callable[[PreTrainedModel], None],
        strategy: FSDP2Strategy | None,
        *,
        precision: str = "32-true",
        num_nodes: int = 1,
        devices: int = 1,
    ) -> None:
        self._backbone = backbone
        self._prepare = prepare
        self._strategy = strategy
        self._precision = precision
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

    def footprint(self, training: Shape, validation: Shape, *, num_sequences: int, accumulates: bool) -> Footprint:
        """Measure the memory of one process.

        Args:
            training: The largest training batch.
            validation: The largest validation batch.
            num_sequences: Texts that are written at once for each example.
            accumulates: True if gradients of several batches are added up.
        """
        with ExitStack() as stack:
            stack.enter_context(_other_processes(self._num_processes))
            self._connect()
            network = self._build(_WEIGHT_TYPES.get(self._precision, torch.float32)).train()
            computing = self._build(compute_dtype(self._strategy, self._precision)).eval()
            stack.enter_context(FakeTensorMode())  # from here on tensors have a shape and a place, and no data
            _move_to_cpu(network)
            _move_to_cpu(computing)
            if self._strategy is not None:
                self._strategy.shard(network)
            weights = _bytes(network.parameters())
            trained = _bytes(parameter for parameter in network.parameters() if parameter.requires_grad)
            if accumulates:
                _add_gradients(network)
            at_peak = self._measure_step(network, training)
            del network
            cache = num_sequences * _measure_cache(computing, validation)
        passing = at_peak["Temp"] + at_peak["Buffer"] + at_peak["Other"]
        is_ddp = self._strategy is None and self._num_processes > 1
        if is_ddp:
            passing += trained  # the buckets in which DDP sums gradients over the processes
        gathered = at_peak["Parameter"] - weights
        gathers_all = self._strategy is not None and self._strategy.decode == "gather"
        validation_gathered = _bytes(computing.parameters()) if gathers_all else gathered
        is_offloaded = self._strategy is not None and self._strategy.offloads_to_cpu
        return Footprint(
            weights=weights,
            optimizer=_ADAM_STATES * trained,
            gradients=at_peak["Gradient"],
            own_gradients=trained,
            gathered=gathered,
            activations=at_peak["Activation"],
            passing=passing,
            validation_gathered=validation_gathered,
            cache=cache,
            is_offloaded=is_offloaded,
        )

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
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            network = self._backbone.build_empty()
            self._prepare(network)
        finally:
            torch.set_default_dtype(before)
        return network

    def _measure_step(self, network: PreTrainedModel, shape: Shape) -> dict[str, int]:
        """Bytes by kind at the moment of a forward and backward pass when they are most."""
        ids = shape.inputs(network, shape.rows)
        labels = shape.answers(shape.rows) if network.config.is_encoder_decoder else ids
        autocast = _AUTOCAST.get(self._precision)
        tracker = _Tracker()
        tracker.track_external(network)
        with tracker:
            with torch.autocast("cpu", autocast) if autocast is not None else nullcontext():
                output = network(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels, use_cache=False)
            output.loss.backward()
        [snapshot] = tracker.get_tracker_snapshot("peak").values()
        return {getattr(kind, "value", kind): size for kind, size in snapshot.items()}


class _Tracker(MemTracker):
    """Torch's, without what it records for each module, which takes minutes where there are many adapters.

    Nor does torch's work for modules with frozen weights, whose gradients it waits for.
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
def _other_processes(num_processes: int) -> Iterator[None]:
    """Pretend that there are other processes, which answer at once and with nothing."""
    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=num_processes)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _move_to_cpu(network: PreTrainedModel) -> None:
    """Put tensors of the CPU in the place of those of the meta device; tied ones stay tied."""
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
    """Give trained parameters gradients, as an earlier batch of an accumulation leaves them."""
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None


def _measure_cache(network: PreTrainedModel, shape: Shape) -> int:
    """Bytes of the keys and values of a batch whose answers are complete."""
    answers = {"decoder_input_ids": shape.answers(1)} if network.config.is_encoder_decoder else {}
    with torch.no_grad():
        cache = network(input_ids=shape.inputs(network, 1), use_cache=True, **answers).past_key_values
    return shape.rows * _bytes(_tensors(cache))


def _tensors(thing: Any) -> Iterator[Tensor]:
    """The tensors in a cache, whatever it is made of."""
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, (list, tuple)):
        for part in thing:
            yield from _tensors(part)
    elif hasattr(thing, "__dict__"):
        yield from _tensors(list(vars(thing).values()))


def _bytes(tensors: Any) -> int:
    """Bytes of what is here of each tensor."""
    here = (tensor.to_local() if isinstance(tensor, DTensor) else tensor for tensor in tensors)
    return sum(tensor.numel() * tensor.element_size() for tensor in here)
