"""Converts tensors between checkpoint and network by transformers' own mapping, one group of tensors at a time.

Many networks of transformers have other tensor names than their family's checkpoints, and some merge tensors: the
experts of a mixture are one parameter, but one tensor each in files. `from_pretrained` and `save_pretrained` convert
whole state dicts. Here the same mapping is applied only to tensors that belong together, so that a network that fits
in memory only as shards can be read and written.

Why the mapping is used per tensor, and what cannot be read by rows: docs/decisions/tensor_names.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    Concatenate,
    MergeModulelist,
    PrefixChange,
    WeightConverter,
    WeightRenaming,
    WeightTransform,
    dot_natural_key,
    rename_source_key,
)

from gner.models.tensors import StoredTensors, is_adapter, plain_name, shape_of


class _Input(NamedTuple):
    """An input tensor of a conversion, and the pattern of the conversion that its name matches."""

    name: str
    pattern: str


class _Group(NamedTuple):
    """Tensors that are converted together.

    Attributes:
        first: The key of the group: the name of its first output.
        converter: The conversion; never modified, as it is run on a copy.
        inputs: In the order of the converter.
    """

    first: str
    converter: WeightConverter
    inputs: tuple[_Input, ...]

    def convert(self, network: PreTrainedModel, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Convert those inputs that are given; maps the names of outputs to tensors."""
        converter = deepcopy(self.converter)
        for name, pattern in self.inputs:
            if name in tensors:
                converter.add_tensor(self.first, name, pattern, cast(Any, tensors[name]))
        made = converter.convert(self.first, model=network, config=network.config)
        return {name: value[0] if isinstance(value, list) else value for name, value in made.items()}

    def inputs_of_rows(self, rows: slice) -> tuple[_Input, ...] | None:
        """The inputs from which some rows of the output are made, or None if all are needed.

        Experts are stacked, so each row of the stack is a single tensor of the file.
        """
        stack, *more = self.converter.operations
        if not isinstance(stack, MergeModulelist) or stack.dim != 0:
            return None
        if not all(isinstance(operation, Concatenate) and operation.dim > 0 for operation in more):
            return None
        by_pattern: dict[str, list[_Input]] = {}
        for one in self.inputs:
            by_pattern.setdefault(one.pattern, []).append(one)
        return tuple(chain.from_iterable(some[rows] for some in by_pattern.values()))


class ConvertedTensors:
    """The tensors of a checkpoint under the names and in the layout of a network.

    Renamed tensors are read by rows. A conversion reads all of its inputs, unless it stacks them.

    Args:
        files: The checkpoint.
        network: Whole or sharded, with adapters or without, on any device.

    Attributes:
        conversions: Transformers' transforms, which record whether they were used; see `remember_conversions`.
    """

    def __init__(self, files: StoredTensors, network: PreTrainedModel) -> None:
        self.source = files.source
        self._files = files
        self._network = network
        self._renamed: dict[str, str] = {}
        self._converted: dict[str, _Group] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._last: tuple[str, dict[str, Tensor]] = ("", {})
        targets = {plain_name(name): tensor for name, tensor in network.state_dict(keep_vars=True).items()}
        transforms = get_model_conversion_mapping(network)
        groups: dict[str, list[_Input]] = {}
        for stored in sorted(files.names, key=dot_natural_key):
            name, pattern = _target(stored, transforms, network.base_model_prefix, targets)
            if pattern is None or name not in targets:
                self._renamed[name] = stored
            else:
                groups.setdefault(name, []).append(_Input(stored, pattern))
        self.conversions = transforms
        for first, inputs in groups.items():
            self._add(_Group(first, _converter_of(inputs[0].pattern, transforms), tuple(inputs)))

    def _add(self, group: _Group) -> None:
        """Find the outputs of a conversion by running it on the meta device."""
        empty = {name: torch.empty(shape_of(self._files.tensor(name)), device="meta") for name, _ in group.inputs}
        for name, made in group.convert(self._network, empty).items():
            self._converted[name] = group
            self._shapes[name] = tuple(made.shape)

    @property
    def names(self) -> set[str]:
        """Names of all tensors, including those that the network does not have."""
        return {*self._renamed, *self._converted}

    def tensor(self, name: str) -> Any:
        """A tensor, or an object whose rows can be read like a tensor's."""
        if name in self._renamed:
            return self._files.tensor(self._renamed[name])
        return _LazyTensor(self, name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a converted tensor."""
        return self._shapes[name]

    def rows(self, name: str, rows: slice) -> Tensor:
        """Some rows of a converted tensor, made from as few inputs as possible."""
        group = self._converted[name]
        inputs = group.inputs_of_rows(rows)
        if inputs is not None:
            return group.convert(self._network, self._read(inputs))[name]
        if self._last[0] != group.first:  # a split has several outputs, which are asked for in turn
            self._last = (group.first, group.convert(self._network, self._read(group.inputs)))
        return self._last[1][name][rows]

    def _read(self, inputs: Iterable[_Input]) -> dict[str, Tensor]:
        return {name: self._files.tensor(name)[...] for name, _ in inputs}


class _LazyTensor:
    """A tensor that is converted when it, or some rows of it, are read."""

    def __init__(self, owner: ConvertedTensors, name: str) -> None:
        self._owner = owner
        self._name = name

    def get_shape(self) -> tuple[int, ...]:
        """Its shape; named as in a safetensors slice."""
        return self._owner.shape(self._name)

    def __getitem__(self, rows: Any) -> Tensor:
        return self._owner.rows(self._name, rows if isinstance(rows, slice) else slice(None))


class StoredLayout:
    """What `save_pretrained` would write for a network: names and shapes, and each tensor on demand.

    Args:
        network: Whole or sharded. Names and layout are those of the checkpoint that it was loaded from.
        tensors: The network's tensors without adapters, by name, on the meta device.

    Attributes:
        shapes: The tensors of the file, by name, on the meta device.
    """

    def __init__(self, network: PreTrainedModel, tensors: Mapping[str, Tensor]) -> None:
        self._network = network
        reverse = [transform.reverse_transform() for transform in reversed(_conversions_of(network))]
        self._renamings = [transform for transform in reverse if isinstance(transform, WeightRenaming)]
        converters = [transform for transform in reverse if isinstance(transform, WeightConverter)]
        self.shapes: dict[str, Tensor] = {}
        self._renamed: dict[str, str] = {}
        self._groups: dict[str, _Group] = {}
        groups: dict[str, list[_Input]] = {}
        for name in sorted(tensors, key=dot_natural_key):
            first, pattern = rename_source_key(name, [], converters, reverse=True)
            if pattern is not None:
                groups.setdefault(first, []).append(_Input(name, pattern))
            else:
                stored = self._rename(name)
                self._renamed[stored], self.shapes[stored] = name, tensors[name]
        for first, inputs in groups.items():
            group = _Group(first, _converter_of(inputs[0].pattern, converters), tuple(inputs))
            for stored, made in self._convert(group, {name: tensors[name] for name, _ in inputs}).items():
                self._groups[stored], self.shapes[stored] = group, made

    def _convert(self, group: _Group, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        made = group.convert(self._network, tensors)
        return {self._rename(name): value for name, value in made.items()}

    def _rename(self, name: str) -> str:
        return rename_source_key(name, self._renamings, [])[0]

    def needs(self, stored: str) -> list[str]:
        """Names of the network's tensors that a tensor of the file is made from."""
        return [self._renamed[stored]] if stored in self._renamed else [name for name, _ in self._groups[stored].inputs]

    def make(self, stored: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A tensor of the file and the others that are made from the same inputs, by name."""
        if stored in self._renamed:
            return {stored: tensors[self._renamed[stored]]}
        return self._convert(self._groups[stored], tensors)


def stored_names(network: PreTrainedModel) -> list[str]:
    """The tensor names that `save_pretrained` would write.

    Example:
        >>> from gner.testing import tiny_model
        >>> sorted(stored_names(tiny_model("causal").network))[:2]
        ['lm_head.weight', 'model.embed_tokens.weight']
    """
    plain = {plain_name(name): tensor for name, tensor in network.state_dict(keep_vars=True).items()}
    tied = network.all_tied_weights_keys
    empty = {
        name: torch.empty(tensor.shape, device="meta")
        for name, tensor in plain.items()
        if name not in tied and not is_adapter(name)
    }
    return sorted(StoredLayout(network, empty).shapes)


def adopt_names(network: PreTrainedModel, names: Iterable[str]) -> None:
    """Make exports of a network use the tensor names of a checkpoint, where its family has several.

    Args:
        network: With adapters or without.
        names: The tensor names of the checkpoint.
    """
    transforms = get_model_conversion_mapping(network)
    targets = {plain_name(name): tensor for name, tensor in network.state_dict(keep_vars=True).items()}
    for name in sorted(names, key=dot_natural_key):
        _target(name, transforms, network.base_model_prefix, targets)
    remember_conversions(network, transforms)


def remember_conversions(network: PreTrainedModel, transforms: Iterable[WeightTransform]) -> None:
    """Make exports of a network use the names of the checkpoint that was read with these transforms."""
    used = [transform for transform in transforms if transform.was_used()]
    cast(Any, network)._weight_conversions = used  # where `from_pretrained` stores them for `save_pretrained`


def _target(
    stored: str, transforms: Sequence[WeightTransform], prefix: str, targets: dict[str, Tensor]
) -> tuple[str, str | None]:
    """The network's name for a tensor of a file, and the pattern of its conversion, if it has one."""
    renamings = [transform for transform in transforms if isinstance(transform, WeightRenaming)]
    converters = [transform for transform in transforms if isinstance(transform, WeightConverter)]
    name, pattern = rename_source_key(stored, renamings, converters, prefix, targets)
    if name not in targets and stored in targets:  # it already has the network's name
        return rename_source_key(stored, [], [], prefix, targets)
    return name, pattern


def _converter_of(pattern: str, transforms: Iterable[WeightTransform]) -> WeightConverter:
    found = [
        transform
        for transform in transforms
        if isinstance(transform, WeightConverter) and pattern in transform.source_patterns
    ]
    return found[-1]  # the last one wins, as in transformers


def _conversions_of(network: PreTrainedModel) -> list[WeightTransform]:
    """The transforms that a network was loaded with, or those of its type, as `save_pretrained` finds them."""
    used = getattr(network, "_weight_conversions", None)
    if used is not None:
        return list(used)
    known = get_model_conversion_mapping(network, add_legacy=False)
    return [transform for transform in known if not isinstance(transform, PrefixChange)]
