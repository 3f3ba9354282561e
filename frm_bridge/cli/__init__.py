"""The program ``frm-bridge``: one small function a command, rooms loaded on use."""

from frm_bridge.cli.program import main

__all__ = ["main"]
