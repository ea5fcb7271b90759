"""What a decoding strategy, a prompt format and an aligner must keep to, as checks for their authors' tests.

```python
from gner.testing import check_aligner, check_format, check_strategy


def test_my_strategy() -> None:
    check_strategy(MyStrategy())


def test_my_format() -> None:
    check_format(MyFormat())


def test_my_aligner() -> None:
    check_aligner(MyAligner())
```
"""

from gner.testing.aligner_contract import ALIGNER_CONTRACT, check_aligner
from gner.testing.format_contract import FORMAT_CONTRACT, check_format
from gner.testing.strategy_contract import CONTRACT, TinyModel, check_strategy, make_examples, tiny_model
from gner.testing.tiny_tagger import TinyTagger, tiny_tagger

__all__ = [
    "ALIGNER_CONTRACT",
    "CONTRACT",
    "FORMAT_CONTRACT",
    "TinyModel",
    "TinyTagger",
    "check_aligner",
    "check_format",
    "check_strategy",
    "make_examples",
    "tiny_model",
    "tiny_tagger",
]
