"""Sharded training: FSDP2 over all processes (Zhao et al., 2023, arXiv 2304.11277).

Every block of the network is a unit whose parameters are split by rows over the processes and gathered when the block
runs. The root unit holds the rest: embeddings, final norm and head. Alternatives: docs/decisions/sharding.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import torch
from lightning.pytorch.strategies import ModelParallelStrategy, Strategy
from torch import nn
from torch.distributed.checkpoint import CheckpointException
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, MixedPrecisionPolicy, OffloadPolicy, fully_shard
from transformers import PreTrainedModel

from gner.errors import UserError
from gner.models.backbone import Backbone
from gner.models.conversion import ConvertedTensors, remember_conversions
from gner.models.weight_files import WeightFiles, load_rows, materialize, untie_distinct_weights
from gner.run_dir import replace, write_error

_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


class FSDP2Strategy(ModelParallelStrategy):
    """Shards weights, gradients and optimizer states over all processes.

    Weights are kept, and gradients reduced, in fp32; ``trainer.precision`` stays ``32-true``.

    Args:
        compute_dtype: Dtype in which weights are gathered and used.
        decode: How generation gets the weights: ``gather`` holds all of them, in ``compute_dtype``, on every process
            during a validation; ``sharded`` gathers them block by block in every pass, which is slow but needs no
            more memory than training.
        blocks: Class names of the modules that become units; null finds the network's repeated blocks.
        replicate_over_nodes: Shard within each node and keep a copy per node (hybrid sharding): less traffic between
            nodes, more memory.
        cpu_offload: Keep weights, gradients and optimizer states in CPU memory.
        save_distributed_checkpoint: Write checkpoints as folders, a part by each process; false for single files.
        process_group_backend: ``nccl``, ``gloo``, …; null for the device's usual one.
        timeout_s: Seconds after which a process stops waiting for the others.

    Example:
        >>> FSDP2Strategy(compute_dtype="fp32").compute_dtype
        torch.float32
    """

    def __init__(
        self,
        *,
        compute_dtype: Literal["bf16", "fp32"] = "bf16",
        decode: Literal["gather", "sharded"] = "gather",
        blocks: list[str] | None = None,
        replicate_over_nodes: bool = False,
        cpu_offload: bool = False,
        save_distributed_checkpoint: bool = True,
        process_group_backend: str | None = None,
        timeout_s: float = 1800,
    ) -> None:
        super().__init__(
            tensor_parallel_size=1,
            save_distributed_checkpoint=save_distributed_checkpoint,
            process_group_backend=process_group_backend,
            timeout=timedelta(seconds=timeout_s),
        )
        self.compute_dtype = _DTYPES[compute_dtype]
        self.decode = decode
        self.blocks = blocks
        self._replicate_over_nodes = replicate_over_nodes
        pin = torch.accelerator.is_available()
        self._offload_policy = CPUOffloadPolicy(pin_memory=pin) if cpu_offload else OffloadPolicy()

    def setup_environment(self) -> None:
        """Start the process group; data is divided over all of it."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        if self.offloads_to_cpu and self.root_device.type == "cuda" and self._process_group_backend is None:
            self._process_group_backend = (
                "cpu:gloo,cuda:nccl"  # offloaded gradients are on the CPU, and so are their norms
            )
        super().setup_environment()

    def model_to_device(self) -> None:
        """Move the module; with CPU offload, only its buffers."""
        if not self.offloads_to_cpu:
            super().model_to_device()
            return
        assert self.model is not None
        for module in self.model.modules():
            for name, buffer in module.named_buffers(recurse=False):
                module.register_buffer(
                    name, buffer.to(self.root_device), name not in module._non_persistent_buffers_set
                )

    def shard(self, network: PreTrainedModel) -> None:
        """Shard a network in place. It may be on the meta device.

        Raises:
            UserError: The trainer's precision would cast a second time.
        """
        refuse_second_cast(self.precision_plugin.precision)
        policy = MixedPrecisionPolicy(param_dtype=self.compute_dtype, reduce_dtype=torch.float32)
        for block in find_blocks(network, self.blocks):
            fully_shard(block, mesh=self.mesh, mp_policy=policy, offload_policy=self._offload_policy)
        fully_shard(network, mesh=self.mesh, mp_policy=policy, offload_policy=self._offload_policy)

    def save_checkpoint(self, checkpoint: dict[str, Any], filepath: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint next to an earlier one, and replace that one once complete."""
        if not self._save_distributed_checkpoint:
            super().save_checkpoint(checkpoint, filepath, storage_options)
            return
        path = Path(self.broadcast(filepath))
        unfinished = path.with_name(f"{path.name}.unfinished")
        if self.is_global_zero:
            shutil.rmtree(unfinished, ignore_errors=True)
        self.barrier()
        try:
            super().save_checkpoint(checkpoint, unfinished, storage_options)
        except (OSError, RuntimeError, CheckpointException) as error:
            if self.is_global_zero:
                shutil.rmtree(unfinished, ignore_errors=True)
            raise write_error(path, error) from error
        self.barrier()
        if self.is_global_zero:
            replace(path, unfinished)
        self.barrier()

    @property
    def offloads_to_cpu(self) -> bool:
        """Whether parameters are kept in CPU memory."""
        return isinstance(self._offload_policy, CPUOffloadPolicy)

    @cached_property
    def mesh(self) -> DeviceMesh:
        """The processes that share the weights, and those that hold copies."""
        if not self._replicate_over_nodes:
            return self.device_mesh["data_parallel"]
        shape = (self.num_nodes, self.num_processes)
        return init_device_mesh(self.root_device.type, shape, mesh_dim_names=("replicate", "shard"))

    @contextmanager
    def generation(self, network: PreTrainedModel) -> Iterator[None]:
        """Provide the weights as ``decode`` says; every process must enter and leave."""
        if self.decode == "gather":
            with gathered(network):
                yield
        else:
            root = cast(FSDPModule, network)
            root._get_fsdp_state()._lazy_init()  # else FSDP would initialise T5's encoder as the root
            root.unshard()  # the encoder alone does not gather the parameters of the root
            yield


def refuse_second_cast(precision: str) -> None:
    """Refuse a trainer precision that would cast in addition to `FSDP2Strategy`.

    Raises:
        UserError: It is not ``32-true``.
    """
    if precision != "32-true":
        raise UserError(
            f"Expected trainer.precision=32-true under FSDP2Strategy, got {precision}. Leave "
            "it out: weights are kept in fp32 and computed in trainer.strategy.init_args.compute_dtype."
        )


def build_network(
    backbone: Backbone,
    strategy: Strategy | None,
    prepare: Callable[[PreTrainedModel], None],
    *,
    quantizes: bool = False,
) -> PreTrainedModel:
    """Build the network as a parallel strategy needs it: whole on every process, or sharded.

    Pretrained weights to be sharded are never in memory as a whole: the network is built without data and sharded, and
    every process reads its own rows. A tagger's checkpoint may lack its head: it is built whole on every process first.

    Args:
        backbone: What to build.
        strategy: Lightning's; any but `FSDP2Strategy`, and None, gets a whole network.
        prepare: Changes the network before it is sharded, for example by adding adapters.
        quantizes: Whether frozen weights are kept with 4 bits; `gner.models.quantization` says where that works.
    """
    if quantizes:
        network = backbone.build_quantized(torch.device("cpu") if strategy is None else strategy.root_device)
        prepare(network)
    elif not isinstance(strategy, FSDP2Strategy):
        network = backbone.build()
        prepare(network)
    elif not isinstance(backbone.source, str) or backbone.tagging is not None:
        network = backbone.build()  # random weights, a tagger's head too, are the same on all, as all have one seed
        prepare(network)
        strategy.shard(network)
    else:
        network = _load_sharded(backbone, backbone.source, strategy, prepare)
    return network.train()  # `from_pretrained` switches dropout off, and Lightning does not switch it on


def _load_sharded(
    backbone: Backbone, source: str, strategy: FSDP2Strategy, prepare: Callable[[PreTrainedModel], None]
) -> PreTrainedModel:
    with WeightFiles(source) as stored:
        network = backbone.build_empty()
        files = ConvertedTensors(stored, network)
        untie_distinct_weights(network, files)
        prepare(network)
        strategy.shard(network)
        device = torch.device("cpu") if strategy.offloads_to_cpu else strategy.root_device
        materialize(network, device)
        load_rows(network, files)
    network.tie_weights(recompute_mapping=False)  # materializing from the meta device untied the tied weights
    remember_conversions(network, files.conversions)
    return network


def block_names(strategy: Strategy | None) -> list[str] | None:
    """Class names of a network's blocks, if the config gives them."""
    return strategy.blocks if isinstance(strategy, FSDP2Strategy) else None


def compute_dtype(strategy: Strategy | None, precision: str) -> torch.dtype:
    """The dtype in which a network computes, under a parallel strategy and a trainer precision."""
    if isinstance(strategy, FSDP2Strategy):
        return strategy.compute_dtype
    return {"bf16": torch.bfloat16, "16": torch.float16}.get(precision.split("-", maxsplit=1)[0], torch.float32)


def generates_alone(strategy: Strategy) -> bool:
    """Whether a process generates text without communicating with the others."""
    return not isinstance(strategy, FSDP2Strategy) or strategy.decode == "gather"


def generation(network: PreTrainedModel, strategy: Strategy) -> AbstractContextManager[None]:
    """Provide the weights of a network for generation under any parallel strategy."""
    return strategy.generation(network) if isinstance(strategy, FSDP2Strategy) else nullcontext()


def find_blocks(network: nn.Module, names: Sequence[str] | None = None) -> list[nn.Module]:
    """The repeated blocks of a network, in order, found from its structure.

    Blocks are the members of the outermost module lists whose modules have one class and parameters: the layers of
    encoder and decoder, whatever the architecture calls them.

    Args:
        network: Any transformer.
        names: Class names to look for instead.

    Raises:
        UserError: There are none.
    """
    blocks: list[nn.Module] = []

    def search(module: nn.Module) -> None:
        """Collect blocks below a module, without searching within them."""
        for child in module.children():
            if names is not None:
                found = [child] if type(child).__name__ in names else []
            else:
                found = list(child.children()) if isinstance(child, nn.ModuleList) and _is_stack(child) else []
            blocks.extend(found)
            if not found:
                search(child)

    search(network)
    if not blocks:
        what = f"modules of the classes {', '.join(names)}" if names else "a list of repeated blocks"
        raise UserError(
            f"Expected {what} in {type(network).__name__}, found none. "
            "Set trainer.strategy.init_args.blocks to the class names of its layers."
        )
    return blocks


def _is_stack(modules: nn.ModuleList) -> bool:
    classes = {type(module) for module in modules}
    return len(classes) == 1 and all(any(True for _ in module.parameters()) for module in modules)


@contextmanager
def gathered(network: PreTrainedModel) -> Iterator[None]:
    """Hold all weights of a sharded network on every process, so that forward passes need no communication."""
    root = cast(FSDPModule, network)
    units = [module for module in network.modules() if isinstance(module, FSDPModule)]
    root._get_fsdp_state()._lazy_init()
    for unit in units:
        unit.set_reshard_after_forward(False, recurse=False)
        unit.unshard()
    # under this mark, Hugging Face's `generate` would synchronise the processes at every token
    managed = [module for module in network.modules() if getattr(module, "_is_fsdp_managed_module", False)]
    for module in managed:
        module._is_fsdp_managed_module = False  # type: ignore[assignment]
    try:
        yield
    finally:
        for module in managed:
            module._is_fsdp_managed_module = True  # type: ignore[assignment]
        for unit in units:
            unit.set_reshard_after_forward(unit is not root, recurse=False)
            unit.reshard()
