"""The devices that music is made on: each NVIDIA GPU, or the processor where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import WrongUse

PATIENCE_S = 10.0
"""The driver's tool may have to wake a sleeping card."""

_GPU = re.compile(r"GPU (?P<number>\d+): .*\(UUID: (?P<id>GPU-[\w-]+)\)")
_PART = re.compile(r"\s+MIG .*\(UUID: (?P<id>MIG-[\w/-]+)\)")


@dataclass(frozen=True)
class Device:
    """Something that one worker process owns."""

    name: str
    """"cpu", "cuda:0", "cuda:0/1" (a part of a divided card)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that let a process see this device and no other."""


class Wanted(Protocol):
    """Settings that name devices."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Names; none: all that are found."""
        ...


CPU = Device("cpu", {"CUDA_VISIBLE_DEVICES": "-1"})


def devices(settings: Wanted) -> tuple[Device, ...]:
    """The devices that the settings name; where they name none, all GPUs, or else the processor.

    Raises:
        WrongUse: a device is named that is not there; the sentence names those that are.
    """
    if settings.devices == (CPU.name,):
        return (CPU,)
    found = _visible(listed(_asked()), os.environ.get("CUDA_VISIBLE_DEVICES"))
    if not settings.devices:
        return found or (CPU,)
    known = {device.name: device for device in (*found, CPU)}
    for name in settings.devices:
        if name not in known:
            raise WrongUse(f"There is no device {name!r}", "settings.toml, devices", f"Found are: {', '.join(known)}.")
    return tuple(known[name] for name in dict.fromkeys(settings.devices))


def listed(text: str) -> tuple[Device, ...]:
    """The devices in what `nvidia-smi -L` prints; a card divided into parts (MIG) is its parts."""
    found: list[Device] = []
    card, parts = "", 0
    for line in text.splitlines():
        if gpu := _GPU.match(line):
            card, parts = f"cuda:{gpu['number']}", 0
            found.append(_device(card, gpu["id"]))
        elif (part := _PART.match(line)) and card:
            if parts == 0:
                found.pop()  # the card as a whole cannot be used beside its parts
            found.append(_device(f"{card}/{parts}", part["id"]))
            parts += 1
    return tuple(found)


def _device(name: str, identity: str) -> Device:
    return Device(name, {"CUDA_VISIBLE_DEVICES": identity})


def _visible(found: Sequence[Device], allowed: str | None) -> tuple[Device, ...]:
    """Those that the daemon itself may see: its own CUDA_VISIBLE_DEVICES holds for its workers too."""
    if allowed is None:
        return tuple(found)
    wanted = [each.strip() for each in allowed.split(",")]
    return tuple(
        device
        for device in found
        if device.name.removeprefix("cuda:") in wanted
        or any(each and device.environment["CUDA_VISIBLE_DEVICES"].startswith(each) for each in wanted)
    )


def _asked() -> str:
    """What the driver's tool lists; nothing where there is no driver, or none that answers."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    try:
        answer = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout if answer.returncode == 0 else ""
