"""Which devices are found, and which of them are used."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

import pytest

from core.errors import WrongUse
from daemon.devices import CPU, devices, listed
from daemon.settings import Settings

TWO = """\
GPU 0: NVIDIA H200 (UUID: GPU-11111111-aaaa-bbbb-cccc-000000000001)
GPU 1: NVIDIA RTX A4000 (UUID: GPU-22222222-aaaa-bbbb-cccc-000000000002)
"""
DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-11111111-aaaa-bbbb-cccc-000000000001)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 3g.20gb     Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-22222222-aaaa-bbbb-cccc-000000000002)
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose driver's tool prints what stands in a file beside it."""
    if sys.platform == "win32":
        pytest.skip("a shell script stands for the driver's tool")
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\n[ "$1" = -L ] && cat "{tmp_path}/list"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / name))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def test_every_card_is_a_device_that_sees_only_itself(driver: Path) -> None:
    (driver / "list").write_text(TWO)
    found = devices(Settings())
    assert [device.name for device in found] == ["cuda:0", "cuda:1"]
    assert found[1].environment == {"CUDA_VISIBLE_DEVICES": "GPU-22222222-aaaa-bbbb-cccc-000000000002"}


def test_a_divided_card_is_its_parts() -> None:
    assert [(device.name, device.environment["CUDA_VISIBLE_DEVICES"][:7]) for device in listed(DIVIDED)] == [
        ("cuda:0/0", "MIG-c73"),
        ("cuda:0/1", "MIG-a28"),
        ("cuda:1", "GPU-222"),
    ]


def test_without_a_driver_there_is_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert devices(Settings()) == (CPU,)


def test_a_driver_that_fails_leaves_the_processor(driver: Path) -> None:
    assert not (driver / "list").exists()
    assert devices(Settings()) == (CPU,)


def test_the_settings_choose(driver: Path) -> None:
    (driver / "list").write_text(TWO)
    assert [device.name for device in devices(Settings(devices=("cuda:1",)))] == ["cuda:1"]
    assert devices(Settings(devices=("cpu",))) == (CPU,)
    assert [device.name for device in devices(Settings(devices=("cpu", "cuda:0", "cpu")))] == ["cpu", "cuda:0"]


def test_a_device_that_is_not_there_is_refused_with_those_that_are(driver: Path) -> None:
    (driver / "list").write_text(TWO)
    with pytest.raises(WrongUse, match=r"no device 'cuda:2'.*Found are: cuda:0, cuda:1, cpu"):
        devices(Settings(devices=("cuda:2",)))


@pytest.mark.parametrize(
    ("allowed", "names"),
    [("1", ["cuda:1"]), ("0,1", ["cuda:0", "cuda:1"]), ("GPU-2222", ["cuda:1"]), ("", ["cpu"]), ("-1", ["cpu"])],
)
def test_what_the_daemon_may_not_see_its_workers_do_not_see(
    driver: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, names: list[str]
) -> None:
    (driver / "list").write_text(TWO)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert [device.name for device in devices(Settings())] == names
