"""The data that comes with the package: real images, so that no example has to be random."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

__all__ = ["optical_digits"]


def optical_digits() -> tuple[np.ndarray, np.ndarray]:
    """1797 images (1797, 8, 8) of handwritten digits, float64 values 0 to 16, and their labels (1797,).

    E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0; see ``data/ATTRIBUTION.md``.

    >>> images, labels = optical_digits()
    >>> images.shape, labels[:5].tolist()
    ((1797, 8, 8), [0, 1, 2, 3, 4])
    """
    with (files("ntkref") / "data" / "optical_digits.npz").open("rb") as file:
        data = np.load(file, allow_pickle=False)
        return data["images"].astype(np.float64), data["labels"].astype(np.int64)
