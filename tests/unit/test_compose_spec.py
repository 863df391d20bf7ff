"""Variants are parameter sets: presets, overrides, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rbcflow.datasets.spec import PRESETS, VariantSpec

EXPECTED = {
    "random": ((200, 200), 3, True),
    "random_nosuperposition": ((200, 200), 3, False),
    "random_nosuperposition_noother": ((200, 200), 2, False),
    "microfluidic_nosuperposition": ((200, 100), 3, False),
    "synthetic": ((200, 100), 3, False),
    "universal": ((224, 224), 3, False),
}
"""Size of the images, number of classes, and whether cells may overlap, by preset."""


@pytest.mark.parametrize("name", EXPECTED)
def test_presets(name):
    spec = VariantSpec.from_dict({"name": name})
    assert (spec.final_size, len(spec.classes), spec.overlap) == EXPECTED[name]


def test_the_size_of_the_images_is_a_key():
    assert VariantSpec.from_dict({"name": "random", "size": [640, 160]}).final_size == (640, 160)
    assert VariantSpec.from_dict({"name": "mine", "size": [90, 60], "downscale": 3}).process_size == (270, 180)
    with pytest.raises(ValidationError, match="process_size"):
        VariantSpec.from_dict({"name": "random", "size": "wide"})


def test_every_preset_is_tested():
    assert set(PRESETS) == set(EXPECTED)


def test_overrides_go_over_the_preset():
    spec = VariantSpec.from_dict(
        {"name": "synthetic", "rotation": [-3, 3], "counts": {"croissant": [2], "slipper": [0, 1], "other": [1]}}
    )
    assert spec.rotation == (-3, 3)
    assert spec.counts["slipper"] == (0, 1)
    assert spec.paste == "transmit"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rotate": 3}, "rotate"),
        ({"factors": {"fog": [True]}}, "unknown factor 'fog'; known are lines"),
        ({"factors": {"noise": ["snow"]}}, "factor 'noise' has levels"),
        ({"factors": {"noise": []}}, "factor 'noise' has levels"),
        ({"counts": {"croissant": [1], "other": [1]}}, "no counts for class slipper"),
        ({"classes": ["croissant", "parachute"]}, "parachute"),
        ({"process_size": [401, 400]}, "not a multiple"),
        ({"scale": {"unit": "metre"}}, "pixels"),
        ({"scale": {"unit": "image"}}, "unit `image` needs"),
        ({"paste": "look"}, "come together"),
        ({"domain": {}}, "come together"),
        ({"paste": "look", "domain": {}, "process_size": [400, 200]}, "square images"),
        ({"paste": "look", "domain": {"empty": 1.5}}, "empty must be 0 to 1, found 1.5"),
        ({"paste": "look", "domain": {"size": [0, 5]}}, "size \\(0, 5\\) must be positive"),
        ({"paste": "look", "domain": {"colour": 1}}, "colour"),
    ],
)
def test_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        VariantSpec.from_dict({"name": "random_nosuperposition"} | values)
