"""Inputs are read as data and outputs appear whole or not at all."""

import numpy as np
import pytest

from ntkref.files import check_writable, load_inputs, written_whole


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv"])
def test_round_trip(tmp_path, suffix):
    x = np.array([[1.5, -2.0], [0.25, 4.0], [1e-3, 7.0]])
    path = tmp_path / f"x{suffix}"
    {".npy": np.save, ".npz": lambda p, a: np.savez(p, a), ".csv": lambda p, a: np.savetxt(p, a, delimiter=",")}[
        suffix
    ](path, x)
    assert np.array_equal(load_inputs(str(path)), x)


def test_images_are_flattened(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((3, 4, 5, 2)))
    assert load_inputs(str(tmp_path / "x.npy")).shape == (3, 40)


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[object()]], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", np.array([[{}]], dtype=object))
    for name in ("x.npy", "x.npz"):
        with pytest.raises(ValueError, match=r"x\.np.: cannot be read.*allow_pickle"):
            load_inputs(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("missing.npy", None, FileNotFoundError, "no such file"),
        ("x.txt", b"1,2", ValueError, "must be .npy, .npz or .csv, got .txt"),
        ("x", b"1,2", ValueError, "got no ending"),
        ("x.npy", b"\x93NUMPY\x01\x00v", ValueError, "cannot be read as .npy"),
        ("x.npy", b"", ValueError, "cannot be read as .npy"),
        ("x.npz", b"PK", ValueError, "cannot be read as .npz"),
        ("x.csv", b"1,2\n3\n", ValueError, "cannot be read as .csv"),
        ("x.csv", b"1,a\n", ValueError, "cannot be read as .csv"),
    ],
)
def test_bad_files(tmp_path, name, content, error, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        load_inputs(str(tmp_path / name))


def test_two_arrays_or_one_axis(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.eye(2), b=np.eye(2))
    with pytest.raises(ValueError, match="must hold one array"):
        load_inputs(str(tmp_path / "x.npz"))
    np.save(tmp_path / "x.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"shape \(n, features\), got shape \(3,\)"):
        load_inputs(str(tmp_path / "x.npy"))


def test_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out"
    path.write_bytes(b"old")

    def interrupted():
        with written_whole(str(path)) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with written_whole(str(path)) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_check_writable(tmp_path):
    check_writable(str(tmp_path / "new.npz"))
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        check_writable(str(tmp_path / "no" / "new.npz"))
    with pytest.raises(IsADirectoryError, match="is a folder"):
        check_writable(str(tmp_path))
