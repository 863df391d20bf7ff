"""Functions built from correctly rounded operations: right to the digits their types have, and faithful at the ends."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from rbcflow.core import portable

TYPES = (np.float32, np.float64)
PLACES = np.random.default_rng(0).uniform(-40, 40, 20_000)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("made", "true", "places", "scale"),
    [
        (portable.exp, np.exp, PLACES, "value"),
        (portable.log, np.log, np.exp(PLACES), "value"),
        (portable.log, np.log, 1 + PLACES / 200, "value"),
        (lambda x: portable.sincos(x)[0], np.sin, 30 * PLACES, "one"),
        (lambda x: portable.sincos(x)[1], np.cos, 30 * PLACES, "one"),
    ],
)
def test_functions_have_all_digits(kind, made, true, places, scale):
    places = places.astype(kind)
    found, expected = made(places), true(places.astype(np.longdouble))
    assert found.dtype == kind
    size = np.abs(expected) if scale == "value" else 1
    assert np.max(np.abs(found - expected) / size) < 6 * np.finfo(kind).eps


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (portable.exp(0.0), 1.0),
        (portable.log(1.0), 0.0),
        (portable.exp(-1e9), pytest.approx(2.0**-512, rel=1e-12)),
        (portable.exp(np.array([-1e9], np.float32))[0], pytest.approx(2.0**-64, rel=1e-5)),
        (portable.power(8.0, 1 / 3), pytest.approx(2.0, abs=1e-15)),
        (portable.turn(0.0), (1.0, 0.0)),
        (portable.turn(-math.pi / 6), pytest.approx((math.sqrt(0.75), -0.5), abs=1e-15)),
        (portable.arccos(1.0), 0.0),
        (portable.arccos(0.5), pytest.approx(math.pi / 3, abs=1e-15)),
        (portable.arccos(0.0), pytest.approx(math.pi / 2, abs=1e-15)),
    ],
)
def test_values_known_by_heart(found, expected):
    assert found == expected


def test_product_of_complex_numbers():
    first, second = (
        portable.complex_of(np.array([1.0, 0]), np.array([2.0, 1])),
        np.array([3 - 4j, 1j], np.complex64),
    )
    assert portable.product(first, second).tolist() == [11 + 2j, -1]


def test_smooth_is_the_usual_gaussian():
    image = np.random.default_rng(1).standard_normal((40, 50), dtype=np.float32)
    assert np.abs(portable.smooth(image, 1.7) - cv2.GaussianBlur(image, (0, 0), 1.7)).max() < 1e-6
    assert np.abs(portable.smooth(image, 3.0, 0.1) - cv2.GaussianBlur(image, (0, 0), 3.0, sigmaY=0.1)).max() < 1e-6
