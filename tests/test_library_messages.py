"""What libraries say beside the run is not shown; what they say of it is."""

import logging
import subprocess
import sys
import warnings

import pytest

from gner.library_messages import hide_library_messages


def test_messages_that_are_not_about_the_run_are_hidden() -> None:
    code = "from gner.library_messages import hide_library_messages; hide_library_messages(); import lightning; "
    code += "lightning.Trainer(accelerator='cpu', logger=True, enable_progress_bar=False, max_steps=1)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert "GPU available" in shown
    assert "Tip" not in shown
    assert "TPU" not in shown


def test_other_warnings_are_shown() -> None:
    with warnings.catch_warnings():
        hide_library_messages()
        warnings.warn("`isinstance(treespec, LeafSpec)` is deprecated, use …", FutureWarning, stacklevel=1)
        with pytest.warns(UserWarning, match="another"):
            warnings.warn("another", stacklevel=1)


def test_a_kernel_that_is_not_needed_is_not_missed(caplog: pytest.LogCaptureFixture) -> None:
    hide_library_messages()
    log = logging.getLogger("bitsandbytes.backends.cpu.ops")
    log.warning("Failed to load CPU gemm_4bit_forward from kernels-community: no module")
    log.warning("something else")
    assert caplog.messages == ["something else"]
