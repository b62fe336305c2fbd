"""The small window: asked only when nothing is selected, options remembered with the project, gfx or ReaImGui."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.hosts.lua import Interpreter
from tests.integrations.reaper.desk import SOURCE, Desk, answer

CHOICES = {
    "engines": [{"name": "composer", "ready": True, "stems": ["drums", "bass"]}, {"name": "muvi", "ready": False}],
    "styles": ["warm", "cold"],
}


def drawn(desk: Desk) -> list[str]:
    return [words for name, *rest in desk.fake.drawn if name == "drawstr" for words in rest]


def click(desk: Desk, label: str) -> None:
    """Press the button of that label in the strip, and let go; buttons stand from the right."""
    labels = [words for words in drawn(desk)[-4:] if words in ("Score all", "Options", "Close", "Cancel")]
    right, wanted = 460 - 12, None
    for words in dict.fromkeys(labels):  # as they are drawn: the rightmost first
        wide = 8 * len(words) + 24
        if words == label:
            wanted = right - wide / 2
        right -= wide + 8
    assert wanted is not None, labels
    desk.fake.gfx_events.append({"mouse_x": wanted, "mouse_y": 70, "mouse_cap": 1})
    desk.fake.pump(0.1)
    desk.fake.gfx_events.append({"mouse_cap": 0})
    desk.fake.pump(0.1)


def asked(desk: Desk) -> None:
    """Score range without a selection: the window asks."""
    desk.start("Score range")
    desk.fake.pump(0.3)


def test_with_a_selection_nothing_is_asked_and_no_window_opens(desk: Desk) -> None:
    desk.score(desk.cue())
    assert not any(name == "init" for name, *_ in desk.fake.drawn)


def test_without_a_selection_it_offers_everything(desk: Desk) -> None:
    asked(desk)
    assert "Nothing is selected. Score everything, 0:00.00 to 1:00.00?" in drawn(desk)
    assert desk.requests == []
    desk.answers(desk.cue())
    click(desk, "Score all")
    assert desk.fake.pump_until_idle()
    assert (desk.requests[0]["in"], desk.requests[0]["out"]) == (0.0, 60.0)


def test_closing_the_question_is_no(desk: Desk) -> None:
    asked(desk)
    click(desk, "Close")
    assert desk.fake.pump_until_idle(0.5)
    assert (desk.requests, desk.fake.console) == ([], "")


def test_closing_the_window_of_the_question_is_no(desk: Desk) -> None:
    asked(desk)
    desk.fake.gfx_events.append(-1)
    assert desk.fake.pump_until_idle(0.5)
    assert desk.requests == []


def test_closing_the_strip_does_not_stop_the_work(desk: Desk) -> None:
    desk.fake.user.select_time(10.0, 22.5)
    desk.act_in_silence("Score range")
    desk.fake.pump(1.5)
    desk.fake.gfx_events.append(-1)
    desk.fake.pump(1.0)
    job = desk.fake.resource / "Data" / "Hitpoint" / "jobs" / desk.requests[0]["id"]
    answer(job, desk.requests[0], ok=True, placement=desk.cue(), said=[])
    assert desk.fake.pump_until_idle()
    assert desk.undo_names() == ["Hitpoint: score reel 1"]


def chosen(new_desk: Callable[..., Desk], *entries: int) -> Desk:
    """Choose entries of the options' menu, then score everything; a menu stands still until the user has chosen."""
    desk = new_desk().with_picture()
    desk.answering = lambda job, request: answer(
        job, request, ok=True, **(CHOICES if request["action"] == "choices" else {"placement": desk.cue(), "said": []})
    )
    asked(desk)
    for entry in entries:
        desk.fake.answers.append(entry)
        click(desk, "Options")
        desk.fake.pump(0.5)
    desk.fake.blocking_calls.clear()
    click(desk, "Score all")
    assert desk.fake.pump_until_idle()
    return desk


def test_options_are_chosen_in_a_menu_and_asked_for_at_once(new_desk: Callable[..., Desk]) -> None:
    # Engine: none, composer, muvi; style: none, warm, cold; markers: all, hits, none; stems: drums, bass; switches.
    desk = chosen(new_desk, 2, 5, 8, 10, 12)
    request = desk.requests[-1]
    assert (request["action"], request["engine"], request["style"]) == ("score", "composer", "warm")
    assert (request["markers_wanted"], request["stems"], request["under_speech"]) == ("hits", ["bass"], True)
    assert [each["action"] for each in desk.requests] == ["choices", "score"]


def test_options_are_remembered_with_the_project_and_for_new_ones(new_desk: Callable[..., Desk]) -> None:
    desk = chosen(new_desk, 3)
    desk.fake.user.save_and_reopen(desk.folder / "reel.rpp")
    desk.stays_silent()
    desk.fake.user.select_time(10.0, 22.5)
    desk.act_in_silence("Score range")
    assert desk.requests[-1]["engine"] == "muvi"
    desk.act("Cancel")
    desk.fake.user.new_tab()
    desk.fake.user.select_time(1.0, 2.0)
    desk.act_in_silence("Score range")
    assert desk.requests[-1]["engine"] == "muvi"


def test_a_fixed_seed_is_used_again(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk().with_picture()
    desk.options(seed="123")
    desk.score(desk.cue())
    assert desk.requests[0]["seed"] == 123
    take = desk.item("drums").take
    assert take is not None
    assert take.name == "take 1 seed 123"


# --- ReaImGui, against a window of our own: the fake has no combo boxes

_WINDOW = """
local pressed, values, dies = ...
local drawn, contexts, alive = {}, 0, true
local existing = {}
reaper = setmetatable({}, {__index = function(_, name)
  if name == "APIExists" then return function(asked) return asked:match("^ImGui_") ~= nil end end
  return existing[name]
end})
function existing.ImGui_CreateContext() contexts = contexts + 1 alive = true return "context " .. contexts end
function existing.ImGui_ValidatePtr(context) return alive and context == "context " .. contexts end
function existing.ImGui_Begin(context, title, open)
  if dies and contexts == 1 then alive = false end
  return true, not pressed.close
end
function existing.ImGui_Button(_, label) drawn[#drawn + 1] = label return pressed[label] == true end
function existing.ImGui_Text(_, words) drawn[#drawn + 1] = words end
function existing.ImGui_Checkbox(_, label, value)
  drawn[#drawn + 1] = label
  if values[label] ~= nil then return true, values[label] end
  return false, value
end
function existing.ImGui_InputText(_, label, value) return values[label] ~= nil, values[label] or value end
function existing.ImGui_BeginCombo(_, label, shown) drawn[#drawn + 1] = label .. ": " .. shown return true end
function existing.ImGui_Selectable(_, words, on) return values[words] == true end
for _, name in ipairs({"End", "SameLine", "ProgressBar", "EndCombo", "Separator"}) do
  existing["ImGui_" .. name] = function() end
end
existing.ImGui_WindowFlags_AlwaysAutoResize = function() return 64 end
existing.ImGui_WindowFlags_NoCollapse = function() return 32 end
local rooms = setmetatable({}, {__index = function(rooms, name)
  local room = dofile(folder .. "/" .. name .. ".lua")(rooms)
  rawset(rooms, name, room)
  return room
end})
rooms.choices = {ask = function() end, look = function() end, known = function() return true end,
  engines = {"composer"}, styles = {"warm"}, stems = {"drums", "bass"}}
local options = {engine = "", style = "", seed = "", under_speech = false, stems = "", markers = "all",
  take_markers = false, tempo = false, midi = false}
local state = {words = "Placing beats", fraction = 0.5, options = options, project = {},
  buttons = {{id = "options", label = "Options"}, {id = "cancel", label = "Cancel"}}}
local events = {}
for frame = 1, 3 do events[frame] = tostring(rooms.window.draw(state)) end
return {events = events, options = options, drawn = drawn, contexts = contexts, possible = rooms.window.possible()}
"""


def window(lua: str = "lua54", dies: bool = False, **pressed: Any) -> dict[str, Any]:
    interpreter = Interpreter(lua)
    interpreter.set("folder", str(SOURCE / "lib"))
    values = pressed.pop("values", {})
    told: dict[str, Any] = interpreter.run(_WINDOW, {"": 0, **pressed}, {"": 0, **values}, dies)
    return told


@pytest.mark.parametrize("lua", ["lua53", "lua54"])
def test_reaimgui_shows_the_words_the_buttons_and_the_options(lua: str) -> None:
    told = window(lua)
    assert told["possible"]
    assert {"Placing beats", "Cancel", "Engine: As set in the program", "Style: By the picture"} <= set(told["drawn"])
    assert "Options" not in told["drawn"]
    assert told["events"] == ["nil", "nil", "nil"]


def test_reaimgui_answers_with_the_button() -> None:
    assert window(Cancel=True)["events"][0] == "cancel"


def test_a_context_that_dies_is_made_anew() -> None:
    assert window(dies=True)["contexts"] == 2


def test_a_window_that_is_closed_stays_closed() -> None:
    assert window(close=True)["events"] == ["closed", "nil", "nil"]


def test_options_change_in_reaimgui() -> None:
    told = window(values={"composer": True, "drums": False, "Write the tempo map into the project": True})
    assert (told["options"]["engine"], told["options"]["tempo"]) == ("composer", True)
    assert told["events"][0] == "changed"
