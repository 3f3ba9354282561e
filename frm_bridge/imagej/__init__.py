"""ImageJ: embedded or the user's Fiji, and the workflows that run in it.

The names are loaded on first use: a look at a script's parameters starts nothing.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from frm_bridge.imagej.gateway import ImageJ as ImageJ
    from frm_bridge.imagej.gateway import start_imagej as start_imagej
    from frm_bridge.imagej.handover import Source as Source
    from frm_bridge.imagej.handover import planes_of_series as planes_of_series
    from frm_bridge.imagej.java import check_java as check_java
    from frm_bridge.imagej.parameters import Parameter as Parameter
    from frm_bridge.imagej.presets import Preset as Preset
    from frm_bridge.imagej.presets import list_presets as list_presets
    from frm_bridge.imagej.runner import WorkflowResult as WorkflowResult
    from frm_bridge.imagej.runner import run_workflow as run_workflow
    from frm_bridge.imagej.workers import Job as Job
    from frm_bridge.imagej.workers import default_time_limit as default_time_limit
    from frm_bridge.imagej.workers import run_workflows as run_workflows
    from frm_bridge.imagej.workflows import Workflow as Workflow
    from frm_bridge.imagej.workflows import find_workflow as find_workflow
    from frm_bridge.imagej.workflows import junctions as junctions
    from frm_bridge.imagej.workflows import nuclei as nuclei
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "gateway": ["ImageJ", "start_imagej"],
            "handover": ["Source", "planes_of_series"],
            "java": ["check_java"],
            "parameters": ["Parameter"],
            "presets": ["Preset", "list_presets"],
            "runner": ["WorkflowResult", "run_workflow"],
            "workers": ["Job", "default_time_limit", "run_workflows"],
            "workflows": [
                "Workflow",
                "find_workflow",
                "junctions",
                "nuclei",
            ],
        },
    )
