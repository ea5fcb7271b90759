"""What a decoding strategy and a prompt format must keep to, as checks for their authors' tests.

```python
from gner.testing import check_format, check_strategy


def test_my_strategy() -> None:
    check_strategy(MyStrategy())


def test_my_format() -> None:
    check_format(MyFormat())
```
"""

from gner.testing.format_contract import FORMAT_CONTRACT, check_format
from gner.testing.strategy_contract import CONTRACT, TinyModel, check_strategy, make_examples, tiny_model
from gner.testing.tiny_tagger import TinyTagger, tiny_tagger

__all__ = [
    "CONTRACT",
    "FORMAT_CONTRACT",
    "TinyModel",
    "TinyTagger",
    "check_format",
    "check_strategy",
    "make_examples",
    "tiny_model",
    "tiny_tagger",
]
