"""The program itself: files, processes, ext state, colours, console, dialogs, native actions."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.hosts.reaper import undo
from tests.hosts.reaper.api.registry import Refused, function
from tests.hosts.reaper.state import new_guid

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake

_CUSTOM = 0x1000000
AUTO_CROSSFADE, RIPPLE_TRACK, RIPPLE_ALL = 40041, 41990, 41991


@function("APIExists")
def api_exists(fake: Fake, name: str) -> bool:
    return fake.offers(name) or name in ("defer", "atexit") or (name == "set_action_options" and fake.number >= (7,))


@function("GetAppVersion")
def app_version(fake: Fake) -> str:
    return f"{fake.version}/{'x64' if fake.os_name.startswith('Win') else 'linux-x86_64'}"


@function("GetOS")
def get_os(fake: Fake) -> str:
    return fake.os_name


@function("GetResourcePath")
def resource_path(fake: Fake) -> str:
    return str(fake.resource)


@function("get_ini_file")
def ini_file(fake: Fake) -> str:
    return str(fake.resource / "reaper.ini")


@function("time_precise")
def time_precise(fake: Fake) -> float:
    return fake.clock.precise()


@function("file_exists")
def file_exists(fake: Fake, path: str) -> bool:
    fake.disk.append((fake.clock.elapsed(), "file_exists", path))
    return Path(path).is_file()


@function("RecursiveCreateDirectory")
def create_directory(fake: Fake, path: str, ignored: int) -> int:
    """1 where something was created, 0 where it was there or cannot be."""
    if Path(path).is_dir():
        return 0
    try:
        Path(path).mkdir(parents=True)
    except OSError:
        return 0
    return 1


def _listed(fake: Fake, path: str, index: int, folders: bool) -> str | None:
    """A listing is kept until it is asked for with -1."""
    if index == -1 or (path, folders) not in fake.listings:
        fake.disk.append((fake.clock.elapsed(), "EnumerateFiles", path))
        try:
            found = sorted(child.name for child in Path(path).iterdir() if child.is_dir() == folders)
        except OSError:
            found = []
        fake.listings[path, folders] = found
    names = fake.listings[path, folders]
    return names[index] if 0 <= index < len(names) else None


@function("EnumerateFiles")
def enumerate_files(fake: Fake, path: str, index: int) -> str | None:
    return _listed(fake, path, index, folders=False)


@function("EnumerateSubdirectories")
def enumerate_folders(fake: Fake, path: str, index: int) -> str | None:
    return _listed(fake, path, index, folders=True)


@function("ExecProcess")
def exec_process(fake: Fake, line: str, timeout: int) -> str | None:
    """Exit code, line end, output in one text; None where the program cannot be started."""
    if timeout >= 0:
        fake.blocking_calls.append(f"ExecProcess({line!r}, {timeout})")
    found = fake.processes.execute(line, timeout)
    if found is None:
        return None
    return fake.switches.exec_answer if timeout < 0 else f"{found[0]}\n{found[1]}"


@function("genGuid")
def gen_guid(fake: Fake, text: str) -> str:
    return new_guid()


@function("SetExtState")
def set_ext_state(fake: Fake, section: str, key: str, value: str, persist: bool) -> None:
    if persist and ("\n" in value or "\r" in value):
        raise Refused(f"SetExtState: '{key}' is to be kept, and kept values cannot hold line ends")
    fake.ext_state[section, key] = value
    if persist:
        fake.kept_ext_state[section, key] = value


@function("DeleteExtState")
def delete_ext_state(fake: Fake, section: str, key: str, persist: bool) -> None:
    fake.ext_state.pop((section, key), None)
    if persist:
        fake.kept_ext_state.pop((section, key), None)


@function("GetExtState")
def get_ext_state(fake: Fake, section: str, key: str) -> str:
    return fake.ext_state.get((section, key), fake.kept_ext_state.get((section, key), ""))


@function("HasExtState")
def has_ext_state(fake: Fake, section: str, key: str) -> bool:
    return (section, key) in fake.ext_state or (section, key) in fake.kept_ext_state


@function("ColorToNative")
def color_to_native(fake: Fake, red: int, green: int, blue: int) -> int:
    if fake.os_name.startswith("Win"):
        red, blue = blue, red
    return (red & 255) << 16 | (green & 255) << 8 | blue & 255


@function("ColorFromNative")
def color_from_native(fake: Fake, color: int) -> tuple[int, int, int]:
    parts = color >> 16 & 255, color >> 8 & 255, color & 255
    return (parts[2], parts[1], parts[0]) if fake.os_name.startswith("Win") else parts


@function("ShowConsoleMsg")
def show_console(fake: Fake, text: str) -> None:
    """ "!SHOW:" before the text adds it without opening the window."""
    fake.console += text.removeprefix("!SHOW:")


@function("ClearConsole")
def clear_console(fake: Fake) -> None:
    fake.console = ""


@function("MB", "ShowMessageBox")
def message_box(fake: Fake, text: str, title: str, kind: int) -> int:
    """The button: 1 OK, 2 cancel, 6 yes, 7 no."""
    fake.blocking_calls.append(f"MB({text!r})")
    return int(fake.answers.popleft()) if fake.answers else (6 if kind in (3, 4) else 1)


@function("GetUserInputs")
def user_inputs(fake: Fake, title: str, count: int, captions: str, values: str) -> tuple[bool, str]:
    fake.blocking_calls.append(f"GetUserInputs({title!r})")
    answer = fake.answers.popleft() if fake.answers else None
    return (False, values) if answer is None else (True, ",".join(str(part) for part in answer))


@function("GetMainHwnd")
def main_window(fake: Fake) -> None:
    """There is no window."""


@function("NamedCommandLookup")
def command_lookup(fake: Fake, name: str) -> int:
    return 0


@function("SetToggleCommandState")
def set_toggle(fake: Fake, section: int, command: int, state: int) -> bool:
    fake.toggles[command] = state
    return True


@function("RefreshToolbar2")
def refresh_toolbar(fake: Fake, section: int, command: int) -> None:
    """Only the screen changes."""


@function("GetToggleCommandState")
def toggle_state(fake: Fake, command: int) -> int:
    known = {
        AUTO_CROSSFADE: int(fake.switches.auto_crossfade),
        RIPPLE_TRACK: int(fake.switches.ripple == 1),
        RIPPLE_ALL: int(fake.switches.ripple == 2),
    }
    return known.get(command, fake.toggles.get(command, -1))


@function("Main_OnCommandEx")
def on_command(fake: Fake, command: int, flag: int, project: object) -> None:
    """Native actions act on the active tab's selection."""
    fake.commands.append(command)
    state = fake.active.state
    items = [item for item in state.items() if item.values.get("B_UISEL")]
    if command in (40125, 40126):
        for item in items:
            item.current = (item.current + (1 if command == 40125 else -1)) % max(len(item.takes), 1)
    elif command == 40131:
        for item in items:
            item.takes, item.current = item.takes[item.current : item.current + 1], 0
    elif command in (40433, 40380):
        for item in items:
            item.values["C_BEATATTACHMODE"] = 0.0 if command == 40433 else -1.0
    elif command == 40487:
        for track in state.tracks:
            if track.values.get("I_SELECTED"):
                track.values["C_BEATATTACHMODE"] = 0.0
    elif command == 40029:
        undo.undo(fake.active)
    elif command == 40030:
        undo.redo(fake.active)
    elif command in (40047, 40048):
        fake.peaks = {source.file: 0 for source in state.sources().values()}
    elif command == 40026:
        fake.user.save(fake.active)


@function("Main_OnCommand")
def on_plain_command(fake: Fake, command: int, flag: int) -> None:
    on_command(fake, command, flag, fake.active)


__all__ = ["AUTO_CROSSFADE", "RIPPLE_ALL", "RIPPLE_TRACK"]
