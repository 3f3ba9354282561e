#@ String workflow (label="What to tune", description="A preview of the outlines on the active image while you change the parameters", value="nuclei", choices={"nuclei", "junctions"}, persist=false)
"""Change the parameters of a workflow and see at once what it finds.

Input   the active image, as in FRM Nuclei and FRM Junctions.
Steps   those of the workflow itself; of a huge image, on a part of it.
Output  on demand a JSON file with the parameters, for FRM Compare and for
        frm-bridge's --parameters; or the run itself, recorded as a macro line.
"""
# measures: nothing
from frm import images, tunewindow


def main():
    """Tune on the active image, as long as the window is open."""
    imp = images.open_image("")
    tunewindow.Tuning(imp, workflow).run()


main()
