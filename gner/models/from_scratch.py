"""What to build a network with random weights from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

from gner.errors import UserError, did_you_mean


@dataclass(frozen=True)
class FromScratch:
    """A backbone with random weights, and a tokenizer trained on the training split.

    Attributes:
        from_scratch: A model type of Hugging Face, such as ``llama`` or ``t5``.
        vocab_size: Tokens of the tokenizer.
        config: Sizes, by the names of that model type's configuration, for example ``hidden_size``.

    Example:
        >>> sizes = {"hidden_size": 16, "num_atention_heads": 2}
        >>> FromScratch("llama", config=sizes).make_config()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a setting of `llama`, got `num_atention_heads`. Did you mean...
    """

    from_scratch: str
    vocab_size: int = 1000
    config: dict[str, Any] = field(default_factory=dict)

    def make_config(self) -> PreTrainedConfig:
        """The model's configuration.

        Raises:
            UserError: There is no such model type, or it has no such settings.

        Example:
            >>> FromScratch("llama", config={"hidden_size": 64}).make_config().hidden_size
            64
        """
        if self.from_scratch not in CONFIG_MAPPING:
            hint = did_you_mean(self.from_scratch, CONFIG_MAPPING, most=3) or " Examples: llama, t5."
            raise UserError(
                f"Expected a Hugging Face model type, got `{self.from_scratch}`.{hint} Set model.backbone.from_scratch."
            )
        known = AutoConfig.for_model(self.from_scratch)
        for key in self.config:
            if not hasattr(known, key):
                hint = did_you_mean(key, known.to_dict(), most=3)
                raise UserError(
                    f"Expected a setting of `{self.from_scratch}`, got `{key}`.{hint} Set model.backbone.config."
                )
        return AutoConfig.for_model(self.from_scratch, **self.config)
