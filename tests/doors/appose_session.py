"""Run the example scripts for Appose in an ImageJ, and write down what they did.

To be run as a program, with a folder of images, that of the scripts, and Appose's jars.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import jpype
import scyjava

from frm_bridge.imagej import start_imagej
from frm_bridge.imagej.scripts import run_script

ESCAPE = 27


class Session:
    """An ImageJ, without a display, in which the scripts run."""

    def __init__(self, folder: Path, examples: Path) -> None:
        self.folder, self.examples = folder, examples
        self._imagej = start_imagej()
        self._ij, self._windows, system = map(
            scyjava.jimport, ("ij.IJ", "ij.WindowManager", "java.lang.System")
        )
        system.setProperty("frm_bridge.python", sys.executable)
        self.memory: set[str] = set()
        self._image = ""

    @property
    def worker(self) -> Any:
        """The one that the scripts keep."""
        return self._ij.getProperty("frm_bridge.appose")

    def spy(self) -> None:
        """Hear all that is said; press Esc in the midst of the large image."""

        def hear(line: Any) -> None:
            self.memory.update(re.findall(r"psm_\w+", str(line)))
            if self._image == "large.tif" and '"window 2 of ' in str(line):
                self._ij.setKeyDown(ESCAPE)

        self.worker.debug(jpype.JProxy("java.util.function.Consumer", {"accept": hear}))

    def predict(self, script: str, image: str, **given: Any) -> tuple[str, Any]:
        """Run a script on an image; give the failure's text, and the result."""
        self._image = image
        imp = self._ij.openImage(str(self.folder / image))
        imp.setPosition(1, imp.getNSlices(), imp.getNFrames())
        self._windows.setTempCurrentImage(imp)
        model = str(self.folder / "blur.onnx")
        values = {"model": model, "device": "cpu", "window": 0} | given
        path = self.examples / script
        if path.suffix == ".groovy":
            said = run_groovy(path, values)
        else:
            library = self.examples.parent / "lib"
            said = run_script(self._imagej, path, values, library=library)
        return said, self._windows.getCurrentImage()

    def use(self, script: str) -> dict[str, Any]:
        """Predict twice, then in vain, then until Esc."""
        facts: dict[str, Any] = {"said": [], "places": [], "workers": []}
        for number in range(2):
            said, result = self.predict(script, "stack.tif")
            facts["said"].append(said)
            assert result.getTitle() == "Prediction of stack.tif", (script, said)
            facts["workers"].append(str(self.worker))
            facts["places"].append([result.getC(), result.getZ(), result.getT()])
            self._ij.saveAsTiff(result, str(self.folder / f"{script}{number}.tif"))
            result.close()
            self.spy()
        facts["failure"] = self.predict(script, "stack.tif", model="nowhere")[0]
        facts["escaped"] = self.predict(script, "large.tif", window=64)[0]
        return facts

    def end(self) -> dict[str, Any]:
        """Let the worker end, and look at what is left."""
        maps = Path("/proc/self/maps")
        mapped = maps.read_text().count("/psm_") if maps.is_file() else 0
        self.worker.close()
        self.worker.waitFor()
        return {"memory": sorted(self.memory), "mapped": mapped}


def run_groovy(path: Path, values: dict[str, Any]) -> str:
    """Run a script as SciJava does, which takes the lines of parameters away."""
    binding = scyjava.jimport("groovy.lang.Binding")()
    for name, value in values.items():
        binding.setVariable(name, value)
    text = re.sub(r"(?m)^#@.*$", "", path.read_text(encoding="utf-8"))
    try:
        scyjava.jimport("groovy.lang.GroovyShell")(binding).evaluate(text)
    except jpype.JException as failure:
        return str(failure.getMessage())
    return ""


def main(folder: Path, examples: Path, jars: list[str]) -> None:
    """Use all scripts, and write facts.json."""
    scyjava.config.add_classpath(*jars)
    session = Session(folder, examples)
    scripts = sorted(path.name for path in examples.glob("FRM_*"))
    facts: dict[str, Any] = {script: session.use(script) for script in scripts}
    text = json.dumps(facts | session.end(), indent=2)
    (folder / "facts.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
