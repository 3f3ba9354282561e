"""The tree of errors: codes and fixes survive, and built-ins catch them."""

from __future__ import annotations

import inspect
import pickle

import pytest

from frm_bridge import errors
from frm_bridge.errors import FrmError

KINDS = {
    errors.InputError: ValueError,
    errors.OutputError: OSError,
    errors.ModelError: ValueError,
    errors.EnvironmentProblem: RuntimeError,
    errors.WorkflowError: RuntimeError,
}


def test_the_tree_is_complete_and_drawn():
    defined = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, FrmError) and kind is not FrmError
    }
    assert defined == set(KINDS)
    assert all(kind.__name__ in errors.__doc__ for kind in defined)


@pytest.mark.parametrize(("kind", "resembled"), KINDS.items())
def test_an_error_is_caught_as_ours_and_as_the_builtin(kind, resembled):
    for caught in (FrmError, resembled):
        with pytest.raises(caught):
            raise kind("E_CODE", "found this", "do that")


@pytest.mark.parametrize("kind", [FrmError, *KINDS])
def test_an_error_crosses_processes_with_all_it_says(kind):
    error = pickle.loads(pickle.dumps(kind("E_CODE", "found µ", "do that")))  # noqa: S301
    assert type(error) is kind
    assert (error.code, error.message, error.fix) == ("E_CODE", "found µ", "do that")
    assert str(error) == "E_CODE found µ (fix: do that)"
