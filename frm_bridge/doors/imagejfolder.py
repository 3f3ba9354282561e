"""The folder of a Fiji or of a plain ImageJ, and where the FRM commands lie in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from frm_bridge.errors import InputError
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Form = Literal["fiji", "imagej"]
NAMES: dict[Form, str] = {"fiji": "Fiji", "imagej": "plain ImageJ"}
COMMANDS: dict[Form, str] = {"fiji": "scripts/Plugins/FRM", "imagej": "plugins/FRM"}
LIBRARY = "jars/Lib/frm"

# What lies within a Fiji or ImageJ, and within its bundle on a Mac.
_WITHIN = {"jars", "plugins", "scripts", "macros"}
_BUNDLE = {"Contents", "MacOS", "Java", "Resources", "app"}
_USUAL = ("Fiji", "Fiji.app", "ImageJ", "ImageJ.app")
_MAC_JARS = ("*.app/Contents/*/ij.jar", "*.app/Contents/Resources/Java/ij.jar")
_EXPECTED = (
    "expected plugins/ beside jars/ with scijava-common and imagej-legacy (a Fiji), or "
    "beside ij.jar (a plain ImageJ)"
)


@dataclass(frozen=True, slots=True)
class ImageJFolder:
    """A folder that ImageJ starts from.

    Attributes
    ----------
    path : Path
        The one with ``plugins`` in it.
    form : {"fiji", "imagej"}
        A Fiji takes the commands as Jython scripts, a plain ImageJ as macros.
    """

    path: Path
    form: Form

    @property
    def commands(self) -> Path:
        """The folder of the menu's commands."""
        return self.path / COMMANDS[self.form]

    @property
    def record(self) -> Path:
        """The file that says what was installed, and which Python the commands call."""
        return self.commands / "frm.txt"

    def planned(self) -> dict[str, bytes]:
        """Give what this package installs: the content of each file.

        Their names are relative to the folder, with ``/``.
        """
        scripts = shipped_folder("fiji_scripts")
        sources = {"plugins/FRM": (scripts / "ImageJ1" / "FRM").glob("FRM_*.ijm")}
        if self.form == "fiji":
            sources = {
                COMMANDS["fiji"]: (scripts / "Plugins" / "FRM").glob("FRM_*.py"),
                LIBRARY: (scripts / "lib" / "frm").glob("*.py"),
            }
        return {
            f"{folder}/{file.name}": file.read_bytes()
            for folder, files in sources.items()
            for file in sorted(files)
        }


def find_imagej(folder: Path) -> ImageJFolder:
    """Find the Fiji or the plain ImageJ that a user means by a path.

    Parameters
    ----------
    folder : Path
        Its folder; or the one that holds it; or what lies within, as its program, its
        ``plugins``, or the bundle of a Mac.

    Returns
    -------
    ImageJFolder
        With the absolute path.

    Raises
    ------
    InputError
        ``E_FIJI_FOLDER``.
    """
    given = folder.expanduser().resolve()
    for place in _around(given):
        if form := _form(place):
            return ImageJFolder(place, form)
    within = [(given / name, _form(given / name)) for name in _USUAL]
    found = [ImageJFolder(place, form) for place, form in within if form]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(each.path.name for each in found)
        raise InputError(
            "E_FIJI_FOLDER", f"{given} holds {names}", "name the one that is meant"
        )
    raise InputError(
        "E_FIJI_FOLDER",
        f"{given} is neither a Fiji nor an ImageJ: {_lacks(given)}; {_EXPECTED}",
        "name the folder that Fiji or ImageJ starts from; in Fiji, "
        "Plugins > Utilities > ImageJ Properties shows it",
    )


def _around(given: Path) -> Iterator[Path]:
    """Give the place, and those it lies within as a part of a Fiji or an ImageJ."""
    place = given.parent if given.is_file() else given
    yield place
    while place.name in _WITHIN | _BUNDLE or place.suffix == ".app":
        place = place.parent
        yield place


def _form(place: Path) -> Form | None:
    if not (place / "plugins").is_dir():
        return None
    jars = place / "jars"
    if all(
        any(jars.glob(f"{jar}*.jar")) for jar in ("scijava-common", "imagej-legacy")
    ):
        return "fiji"
    mac = (any(place.glob(pattern)) for pattern in _MAC_JARS)
    return "imagej" if (place / "ij.jar").is_file() or any(mac) else None


def _lacks(given: Path) -> str:
    """Say what was found instead."""
    if not given.exists():
        return "there is no such folder"
    if not given.is_dir():
        return "it is a file, and its folder is neither"
    names = sorted(path.name for path in given.iterdir())
    if not names:
        return "it is empty"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"it holds {', '.join(names[:5])}{more}"
