"""The way of a training on GPUs, pretended ones: a device each, the library's own mixed precision, no downloads."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from lazy import Lazy
from project_copy import PROJECT
from rbcflow.detector import hardware, setup
from rbcflow.detector.hardware import choose_device
from rbcflow.training.train import _housekeeping

torch = Lazy("torch")
SCRIPTS = PROJECT / "workflow/scripts"


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """Pretend that so many GPUs can be seen; locks lie in the test's folder."""

    def pretend(count: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"gpu-{index}"))

    monkeypatch.setattr(hardware.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(hardware, "HELD", [])
    yield pretend
    for lock in hardware.HELD:
        lock.close()


def test_device_auto_takes_a_gpu_where_there_is_one(gpus):
    for present, chosen in ((1, "0"), (0, "cpu")):
        gpus(present)
        assert choose_device("auto") == chosen
    assert choose_device("3") == "3"


def test_trainings_beside_each_other_have_a_gpu_each(gpus, caplog):
    gpus(4)
    assert [choose_device("auto", alone=True) for _ in range(3)] == ["0", "1", "2"]
    # a prediction takes one that no training has, and does not keep it
    assert [choose_device("auto") for _ in range(2)] == ["3", "3"]
    assert choose_device("auto", alone=True) == "3"
    assert choose_device("auto") == "0" and not caplog.records
    assert choose_device("auto", alone=True) == "0" and "none of 4 GPUs is free" in caplog.text
    hardware.HELD.pop(1).close()
    assert choose_device("auto", alone=True) == "1"


HOLDER = """
import sys, torch
from types import SimpleNamespace
from rbcflow.detector import hardware
torch.cuda.is_available, torch.cuda.device_count = (lambda: True), (lambda: 2)
torch.cuda.get_device_properties = lambda index: SimpleNamespace(uuid=f"gpu-{index}")
print(hardware.choose_device("auto", alone=True), flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_gpu_is_free_again_when_its_process_was_killed(gpus, tmp_path):
    gpus(2)
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "TMPDIR": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDER], env=environment, **pipes) as other:
        assert other.stdout.readline() == "0\n"
        assert choose_device("auto") == "1"
        other.kill()
        other.wait()
        assert choose_device("auto") == "0"


@pytest.mark.slow
def test_the_check_of_mixed_precision_downloads_nothing(tmp_path, monkeypatch):
    setup.import_ultralytics(tmp_path)
    from ultralytics.utils import checks, downloads

    with pytest.raises(ConnectionError, match=r"weights\.yaml"):
        downloads.safe_download("https://example.org/yolo26n.pt")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA A100")
    on_gpu = SimpleNamespace(device=SimpleNamespace(type="cuda"))
    network = SimpleNamespace(parameters=lambda: iter([on_gpu]), stride=torch.tensor([32.0]))
    assert checks.check_amp(network)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA GeForce GTX 1650")
    assert not checks.check_amp(network)


@pytest.mark.parametrize(
    ("device", "precision", "amp"),
    [("0", "amp", True), ("0", "bfloat16", "bf16"), ("0", "float32", False), ("cpu", "bfloat16", False)],
)
def test_a_gpu_has_the_librarys_own_mixed_precision_and_workers(tmp_path, device, precision, amp):
    arguments = _housekeeping(tmp_path, device, precision, 8, resume=False)
    assert (arguments["device"], arguments["amp"], arguments["workers"]) == (device, amp, 8)
