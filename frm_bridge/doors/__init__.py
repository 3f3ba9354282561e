"""Doors: one request, one answer, whoever asks and by whatever way.

A door translates what it was asked into a `Request`, lets `perform` call the rooms, and
translates the `Answer` back. The names are loaded on first use.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from frm_bridge.doors.answer import Answer as Answer
    from frm_bridge.doors.client import Client as Client
    from frm_bridge.doors.client import connect as connect
    from frm_bridge.doors.installation import install as install
    from frm_bridge.doors.installation import uninstall as uninstall
    from frm_bridge.doors.perform import perform as perform
    from frm_bridge.doors.reading import read_request as read_request
    from frm_bridge.doors.request import Request as Request
    from frm_bridge.doors.wrappers import wrapper_text as wrapper_text
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "answer": ["Answer"],
            "client": ["Client", "connect"],
            "installation": ["install", "uninstall"],
            "perform": ["perform"],
            "reading": ["read_request"],
            "request": ["Request"],
            "wrappers": ["wrapper_text"],
        },
    )
