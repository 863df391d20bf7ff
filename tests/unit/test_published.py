"""Published counts: the committed entries can be read, and each statistic is what it says."""

from __future__ import annotations

import json

import pytest
import yaml

from project_copy import PROJECT
from rbcflow.claims.published import compare

TABLE = "split,noise,croissant_placed\ntrain,salt_pepper,1\ntrain,none,2\ntest,none,2\ntest,none,1\n"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"statistic": "rows"}, "4"),
        ({"statistic": "rows", "where": {"split": "val"}}, "0"),
        ({"statistic": "mean", "column": "croissant_placed"}, "1.5"),
        ({"statistic": "mean", "column": "croissant_placed", "where": {"split": "val"}}, ""),
        # deviations of a half from the mean, divided by n - 1: sqrt(4 / 4 / 3)
        ({"statistic": "sd", "column": "croissant_placed"}, "0.5774"),
        ({"statistic": "share", "is": {"noise": "none"}}, "0.75"),
        ({"statistic": "rows", "starts": {"noise": "n"}}, "3"),
        ({"statistic": "share", "is": {"fog": "none"}}, ""),
        ({"statistic": "rows", "table": "elsewhere.csv"}, ""),
    ],
)
def test_statistics(tmp_path, rule, expected):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/metadata.csv").write_text(TABLE)
    (tmp_path / "set/provenance.json").write_text(json.dumps({"origin": ["phantom"]}))
    entry = {"id": "a", "title": "t", "value": 3, "status": "printed", "source": "s"}
    table = compare([entry | {"ours": {"table": "set/metadata.csv"} | rule}], tmp_path, tmp_path / "out.csv")
    assert table["here"].tolist() == [expected]
    assert table["origin"].tolist() == ["phantom" if expected else ""]


def test_committed_counts_are_complete_and_name_known_variants():
    counts = yaml.safe_load((PROJECT / "paper/published.yaml").read_text())["counts"]
    variants = yaml.safe_load((PROJECT / "config/variants.yaml").read_text())
    assert len({entry["id"] for entry in counts}) == len(counts)
    for entry in counts:
        assert entry["status"] in {"printed", "derived"}
        stage, name = entry["ours"]["table"].split("/")[:2]
        assert stage in {"cells", "tables", "clusters", "splits"} or name in variants
