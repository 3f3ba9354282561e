"""Reporting: one self-contained page about a comparison."""

from frm_bridge.reporting.report import write_report

__all__ = ["write_report"]
