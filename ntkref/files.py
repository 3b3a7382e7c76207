"""Reading inputs and writing results: nothing is unpickled, nothing is left half-written."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np

__all__ = ["check_writable", "load_inputs", "require_matplotlib", "written_whole"]


def load_inputs(path: str) -> np.ndarray:
    """A two-dimensional array of numbers from a ``.npy``, ``.npz`` (its only array) or ``.csv`` file.

    Raises ValueError, naming the file, for any other ending or content; FileNotFoundError if there is none.
    """
    file = Path(path)
    if file.is_dir():
        raise IsADirectoryError(f"{path}: is a folder, not a file")
    if not file.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    readers = {".npy": _npy, ".npz": _npz, ".csv": _csv}
    if file.suffix not in readers:
        raise ValueError(f"{path}: inputs must be .npy, .npz or .csv, got {file.suffix or 'no ending'}")
    try:
        array = readers[file.suffix](file)
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise ValueError(f"{path}: cannot be read as {file.suffix}: {' '.join(str(error).split())}") from None
    if array.size == 0:
        raise ValueError(f"{path}: holds no numbers")
    if array.ndim < 2:
        raise ValueError(f"{path}: inputs must have shape (n, features), got shape {array.shape}")
    return array.reshape(len(array), -1)


def _npy(file):
    return np.load(file, allow_pickle=False)


def _npz(file):
    with np.load(file, allow_pickle=False) as data:
        names = data.files
        if len(names) != 1:
            raise ValueError(f"it must hold one array, got {names}")
        return data[names[0]]


def _csv(file):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an empty file, which is refused
        return np.loadtxt(file, delimiter=",", ndmin=2, dtype=np.float64)


def check_writable(path: str) -> None:
    """Raise now, before any work, if `path` can't be written."""
    folder = Path(path).absolute().parent
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path}: is a folder, not a file to write")
    if not folder.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK) or (Path(path).exists() and not os.access(path, os.W_OK)):
        raise PermissionError(f"{path}: not writable")
    try:
        tempfile.TemporaryFile(dir=folder).close()  # what permissions don't tell, such as a file system that is not one
    except OSError as error:
        raise PermissionError(f"{path}: not writable ({error.strerror})") from None


def require_matplotlib(option: str) -> None:
    """ImportError that says what to install, before any work."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ImportError(f"{option} needs matplotlib: python -m pip install 'ntkref[plot]'") from None


@contextlib.contextmanager
def written_whole(path: str):
    """A binary file that takes the name `path` only once it is complete."""
    descriptor, temporary = tempfile.mkstemp(dir=Path(path).absolute().parent, prefix=".ntkref-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
