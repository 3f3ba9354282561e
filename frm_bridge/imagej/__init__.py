"""ImageJ: embedded or the user's Fiji, and the workflows that run in it."""

from frm_bridge.imagej.gateway import ImageJ, start_imagej
from frm_bridge.imagej.java import check_java
from frm_bridge.imagej.parameters import Parameter
from frm_bridge.imagej.runner import WorkflowResult, run_workflow
from frm_bridge.imagej.workflows import Workflow, find_workflow, nuclei

__all__ = [
    "ImageJ",
    "Parameter",
    "Workflow",
    "WorkflowResult",
    "check_java",
    "find_workflow",
    "nuclei",
    "run_workflow",
    "start_imagej",
]
