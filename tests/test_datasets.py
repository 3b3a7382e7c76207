"""The bundled digits are the UCI test set: counts, ranges and a checksum of what its documentation states."""

import numpy as np

from ntkref import optical_digits


def test_optical_digits():
    images, labels = optical_digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.float64
    assert (images.min(), images.max()) == (0, 16)
    assert np.array_equal(images, np.round(images))
    # The counts per digit that the data set's own documentation gives for its test part.
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert images.sum() == 561718


def test_copies_are_independent():
    first, _ = optical_digits()
    first[:] = 0
    assert optical_digits()[0].sum() == 561718
