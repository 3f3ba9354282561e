"""The errors that reach a user: what was found, what was expected, and the fix.

::

    FrmError                    code, message, fix
    ├── InputError              (ValueError)    an image, pair or option is unusable
    ├── OutputError             (OSError)       a result cannot be written
    ├── ModelError              (ValueError)    a model file is not what it should be
    ├── EnvironmentProblem      (RuntimeError)  a library, a device or Java is missing
    └── WorkflowError           (RuntimeError)  an ImageJ script failed

Catch ``FrmError`` to handle every failure that frm_bridge foresees.
"""

from __future__ import annotations


class FrmError(Exception):
    """A failure with a stable code and a way out.

    Parameters
    ----------
    code : str
        Stable identifier, ``E_`` and upper case: scripts may test it.
    message : str
        What was found and what was expected.
    fix : str
        What the user can do about it, in the imperative.
    """

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.code} {self.message} (fix: {self.fix})"

    def __reduce__(
        self,
    ) -> tuple[type[FrmError], tuple[str, str, str], dict[str, object]]:
        # Errors cross process borders (pytest-xdist, worker pools) with all they say,
        # their notes too.
        return (type(self), (self.code, self.message, self.fix), self.__dict__)


class InputError(FrmError, ValueError):
    """An image, a pair, a table or an option cannot be used."""


class OutputError(FrmError, OSError):
    """A result cannot be written where it was asked for."""


class ModelError(FrmError, ValueError):
    """A model file is not what it should be."""


class EnvironmentProblem(FrmError, RuntimeError):
    """A library, a device or Java is missing or broken on this machine."""


class WorkflowError(FrmError, RuntimeError):
    """An ImageJ script failed."""
