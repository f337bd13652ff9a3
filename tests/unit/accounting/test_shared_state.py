"""The bytes of weights, gradients and moments, alone and shared by several processes."""

import pytest

from llmbook.accounting.shared_state import SHARED, state_bytes


def test_state_bytes_of_a_7b():
    parameters = 6_888_095_744
    assert sum(state_bytes(parameters).values()) == 16 * parameters
    each = {shared: sum(state_bytes(parameters, 8, shared).values()) / parameters for shared in SHARED}
    assert each == {"nothing": 16, "optimizer": 9, "optimizer and gradients": 5.5, "everything": 2}
    with pytest.raises(ValueError, match="processes at least 1"):
        state_bytes(1, 0)
