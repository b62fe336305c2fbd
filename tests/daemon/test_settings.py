"""Settings: what is not set suits a workstation; what cannot be meant is refused by name."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from core.errors import WrongUse
from daemon.home import Home
from daemon.settings import Settings, check_address, read_settings


@pytest.fixture
def made(tmp_path: Path) -> Home:
    return Home(tmp_path)


def write(home: Home, text: str) -> None:
    home.settings.write_text(text, encoding="utf-8")


def test_without_a_file_everything_has_its_usual_value(made: Home) -> None:
    assert read_settings(made) == Settings()
    assert read_settings(made).address == "127.0.0.1"


def test_every_setting_is_read(made: Home) -> None:
    write(
        made,
        """
        # this workstation
        address = "192.168.1.5"
        port = 5570
        allow = ["192.168.1.20", "192.168.1.21"]
        history = 50
        history_days = 7
        cue_quota_gb = 500
        engine_memory_gb = 12.5
        rest_after_s = 60
        exit_after_s = 120
        devices = ["cuda:0"]
        cues = "~/Music/Cues"
        """,
    )
    allow = ("192.168.1.20", "192.168.1.21")
    usual = ("192.168.1.5", 5570, allow, 50, 7.0, 500.0, 12.5, 60.0, 120.0)
    assert read_settings(made) == Settings(*usual, devices=("cuda:0",), cues="~/Music/Cues")
    assert isinstance(read_settings(made).history_days, float)


def test_an_editor_may_leave_a_byte_order_mark(made: Home) -> None:
    made.settings.write_bytes(b"\xef\xbb\xbfport = 5570\r\n")
    assert read_settings(made).port == 5570


@pytest.mark.parametrize("each", fields(Settings), ids=lambda each: str(each.name))
@pytest.mark.parametrize("value", ["true", "1979-05-27", "[1]", '[""]', "{ a = 1 }", "nan", "-inf", "-1"])
def test_a_value_of_the_wrong_type_is_refused_by_its_key(made: Home, each: object, value: str) -> None:
    name = each.name  # type: ignore[attr-defined]
    write(made, f"{name} = {value}")
    with pytest.raises(WrongUse, match=f"'{name}' must be ") as refused:
        read_settings(made)
    assert refused.value.where == str(made.settings)


@pytest.mark.parametrize("line", ["port = 65536", "port = 80.0", 'history = "1000"', "history = 1.5"])
def test_whole_numbers_are_whole_and_in_range(made: Home, line: str) -> None:
    write(made, line)
    with pytest.raises(WrongUse, match="a whole number from 0 to"):
        read_settings(made)


def test_an_unknown_key_is_refused_with_the_nearest_known_one(made: Home) -> None:
    write(made, "histroy = 5")
    with pytest.raises(WrongUse, match=r"There is no setting named 'histroy'.*Did you mean history\?"):
        read_settings(made)
    write(made, "zzz = 5")
    with pytest.raises(WrongUse, match="Known are: address, port"):
        read_settings(made)


@pytest.mark.parametrize("text", ["port =", "port = 1\nport = 2", "[", "a" * 200, "x = " + "[" * 100_000])
def test_what_is_no_toml_is_refused_with_its_place(made: Home, text: str) -> None:
    write(made, text)
    with pytest.raises(WrongUse, match="not valid TOML"):
        read_settings(made)


def test_what_is_no_text_is_refused(made: Home) -> None:
    made.settings.write_bytes(b"port = 1 # \xff\xfe")
    with pytest.raises(WrongUse, match="not UTF-8"):
        read_settings(made)
    made.settings.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(WrongUse, match="larger than 1 MB"):
        read_settings(made)
    made.settings.unlink()
    made.settings.mkdir()
    with pytest.raises(WrongUse, match="cannot be read"):
        read_settings(made)


@pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing on Windows")
@pytest.mark.parametrize("loose", [0o620, 0o602, 0o666])
def test_settings_that_another_user_may_write_are_refused(made: Home, loose: int) -> None:
    write(made, "port = 0")
    made.settings.chmod(loose)
    with pytest.raises(WrongUse, match=r"Another user may write the settings .* chmod go-w"):
        read_settings(made)
    made.settings.chmod(0o644)
    assert read_settings(made) == Settings()


def test_the_network_is_open_only_to_those_who_are_named(made: Home) -> None:
    write(made, 'address = "192.168.1.5"')
    with pytest.raises(WrongUse, match=r"open to the network and allow is empty .*allow = \["):
        read_settings(made)
    check_address(Settings(address="192.168.1.5", allow=("192.168.1.20",)))
    check_address(Settings(address="127.0.0.2"))


@pytest.mark.parametrize("address", ["", "*", "0.0.0.0", "localhost", "eth0", "::1", "127.0.0.1:80", "10.0.0.0/8"])
def test_only_one_ipv4_address_is_an_address(address: str) -> None:
    for settings in (Settings(address=address, allow=("10.0.0.1",)), Settings(allow=(address,))):
        with pytest.raises(WrongUse, match=r"no IPv4 address|stands for many machines"):
            check_address(settings)
