"""The fake Resolve's objects: what exists in which build, what scripts find around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.lua import KINDS
from tests.hosts.resolve import Clock, Fake, Profile, Traps, profile, profiles
from tests.hosts.resolve.reaching import footage, pool, project, timeline
from tests.hosts.resolve.signatures import METHODS

EVERY = pytest.mark.parametrize("build", profiles(), ids=str)


@EVERY
def test_any_attribute_can_be_asked_for_and_dir_tells_the_truth(build: Profile) -> None:
    own = timeline(Fake(build))
    assert own.NoSuchMethod is None
    assert hasattr(own, "NoSuchMethod")
    assert "NoSuchMethod" not in dir(own)
    assert all(callable(getattr(own, name)) for name in dir(own))
    assert {name for name in METHODS["Timeline"] if callable(getattr(own, name))} == set(dir(own))


@pytest.mark.parametrize(
    ("method", "missing", "there"),
    [
        ("GetMarkInOut", "19.0.2", "19.1"),
        ("GetSelectedClips", "21.0.3", "21.0.4"),
        ("GetTrackSubType", "18.6.6", "19.0.2"),
        ("GetSettings", "21.0.4", "21.1"),
    ],
)
def test_a_timeline_method_exists_from_its_version_on(method: str, missing: str, there: str) -> None:
    assert getattr(timeline(Fake(profile(missing))), method) is None
    assert callable(getattr(timeline(Fake(profile(there))), method))


def test_fades_names_and_source_times_of_items_exist_from_their_versions_on() -> None:
    def methods(version: str) -> set[str]:
        fake = Fake(profile(version))
        fake.lay(footage(), 0, 24)
        return set(dir(timeline(fake).GetItemListInTrack("video", 1)[0]))

    assert "GetSourceStartTime" not in methods("18.6.6")
    assert "GetSourceStartTime" in methods("19.0.2")
    assert "SetName" not in methods("20.0")
    assert "SetName" in methods("20.2.1")
    assert "SetFades" not in methods("21.0.4")
    assert "SetFades" in methods("21.1")


@EVERY
def test_a_build_says_its_version_and_edition(build: Profile) -> None:
    resolve = Fake(build).resolve
    assert tuple(resolve.GetVersion()[:3]) == build.version
    assert resolve.GetVersionString().startswith(".".join(map(str, build.version)))
    assert resolve.GetProductName() == ("DaVinci Resolve Studio" if build.studio else "DaVinci Resolve")
    assert (resolve.IsStudio is not None) == build.since("21.1")


@EVERY
@pytest.mark.parametrize("lua", KINDS)
def test_the_lua_state_of_free_21_1_has_lost_files_modules_and_processes(build: Profile, lua: str) -> None:
    run = Fake(build).run_lua(
        """
        local function there(value) return value ~= nil end
        local get = function(name) return rawget(_G, name) end
        return there(get("io")), there(get("package")), there(get("require")), there(os.execute), there(bmd.readdir),
            there(loadfile) and there(os.getenv) and there(os.time) and there(pcall) and there(bmd.wait)
        """,
        lua,
    )
    assert run.error is None
    sandboxed = build.since("21.1") and not build.studio
    assert run.returned == (*[not sandboxed] * 5, True)


def test_ffi_is_there_in_luajit_until_free_21_1() -> None:
    code = "local r = rawget(_G, 'require') return r and r('ffi').os ~= nil"
    assert Fake(profile("21.0.4")).run_lua(code).returned is True
    assert Fake(profile("21.1")).run_lua(code).returned is None


@EVERY
def test_python_scripts_are_listed_but_in_free_21_1(build: Profile) -> None:
    fake = Fake(build)
    run = fake.run_python("print(resolve.GetProductName()); print('__file__' in globals())")
    if build.since("21.1") and not build.studio:
        assert run.error
        assert not fake.calls
    else:
        assert run.error is None
        assert run.printed == [build.name, "False"]


@EVERY
def test_only_studio_lets_a_process_outside_in(build: Profile) -> None:
    assert (Fake(build).scriptapp("Resolve") is not None) == build.studio


@pytest.mark.parametrize("answer", ["none", "raises"])
def test_a_handle_whose_object_is_gone_answers_none_or_raises(answer: str) -> None:
    fake = Fake(traps=Traps(dead_handles=answer))  # type: ignore[arg-type]
    old = timeline(fake)
    fake.user.switch_project()
    if answer == "raises":
        with pytest.raises(RuntimeError):
            old.GetName()
    else:
        assert old.GetName() is None
    assert timeline(fake).GetName() == "Timeline 1"


def test_handles_die_once_after_so_many_calls_and_fresh_ones_live() -> None:
    fake = Fake(traps=Traps(handles_die_after=4))
    own = timeline(fake)
    assert own.GetName() is None
    assert own.GetStartFrame() is None
    assert timeline(fake).GetName() == "Reel"


def test_lists_and_handles_are_fresh_each_time_and_ids_are_stable() -> None:
    fake = Fake()
    fake.lay(footage(), 0, 24)
    own = timeline(fake)
    first, second = (own.GetItemListInTrack("video", 1) for _ in range(2))
    assert first is not second
    assert first[0] != second[0]
    assert first[0].GetUniqueId() == second[0].GetUniqueId()
    assert project(fake).GetUniqueId() == project(fake).GetUniqueId()


def test_refusals_have_no_reason_and_no_exception() -> None:
    fake = Fake()
    assert pool(fake).ImportMedia(["/no/such/file.wav"]) == []
    assert project(fake).GetTimelineByIndex(7) is None
    assert timeline(fake).SetTrackName("audio", 9, "x") is False
    assert timeline(fake).GetItemListInTrack("audio", 9) == []
    assert fake.wrong_calls == []


@pytest.mark.parametrize(
    "code",
    [
        'timeline:AddMarker("12", "Red", "a", "b", 1)',
        'timeline:AddMarker(12, "Red", "a", "b")',
        'timeline:GetTrackName("audio")',
        'timeline:GetTrackCount("audio", 1)',
        "timeline:DeleteClips({})",
        "timeline:DeleteClips({timeline})",
        "pool:ImportMedia('/a.wav')",
        "pool:ImportMedia({'relative.wav'})",
        "pool:AppendToTimeline({{mediaPoolItem=timeline}})",
        "pool:AppendToTimeline({{clip=1}})",
        "project:SetCurrentTimeline(nil)",
        "timeline:Export('/x.otio', resolve.EXPORT_OTIO)",
    ],
)
def test_a_call_with_wrong_arguments_is_written_down_and_refused(code: str) -> None:
    fake = Fake(profile("21.1"))
    fake.run_lua(f"""
        local project = resolve:GetProjectManager():GetCurrentProject()
        local timeline, pool = project:GetCurrentTimeline(), project:GetMediaPool()
        local said = {code}
        assert(not said or #said == 0)
    """)
    assert len(fake.wrong_calls) == 1
    assert code.split(":")[1].split("(")[0] in fake.wrong_calls[0]


def test_arguments_of_a_newer_build_are_wrong_in_an_older_one() -> None:
    fake = Fake(profile("18.6.6"))
    fake.lay(footage(), 0, 24)
    item = timeline(fake).GetItemListInTrack("video", 1)[0]
    assert item.GetStart() == 86400
    assert item.GetStart(True) is None
    assert timeline(fake).AddTrack("audio", {"audioType": "stereo"}) is False
    assert len(fake.wrong_calls) == 2


def test_windows_are_there_in_studio_and_in_free_builds_before_19_1() -> None:
    for build in profiles():
        fake = Fake(build)
        allowed = build.studio or not build.since("19.1")
        assert (fake.fusion.UIManager is not None) == allowed
        assert fake.run_lua("return bmd.UIDispatcher ~= nil").returned is allowed


def test_hands_work_a_window_that_a_script_opens() -> None:
    fake = Fake(profile("21.1", studio=True))
    windows = fake.windows
    windows.hands = [
        lambda: windows.set("style", "CurrentText", "trailer"),
        lambda: windows.set("speech", "Checked", True),
        lambda: windows.fire("go"),
    ]
    run = fake.run_lua("""
        local ui = fusion.UIManager
        local disp = bmd.UIDispatcher(ui)
        local win = disp:AddWindow({ID = "options", WindowTitle = "Options"}, ui:VGroup{
            ui:Label{ID = "words", Text = "Style"},
            ui:ComboBox{ID = "style"},
            ui:HGroup{ui:CheckBox{ID = "speech", Text = "Under speech"}, ui:Button{ID = "go", Text = "Score"}},
        })
        local items = win:GetItems()
        items.style:AddItems({"auto", "trailer"})
        local told
        function win.On.go.Clicked(event)
            told = {items.style.CurrentText, win:Find("speech").Checked, event.who}
            disp:ExitLoop(7)
        end
        function win.On.options.Close() disp:ExitLoop(0) end
        win:Show()
        local code = disp:RunLoop()
        win:Hide()
        return told, code, fusion.UIManager.NoSuchThing
    """)
    assert run.error is None
    assert run.returned == (["trailer", True, "go"], 7, None)
    assert not windows.all[0].shown


def test_a_window_that_nobody_closes_is_an_error_instead_of_a_hang() -> None:
    fake = Fake(profile("21.1", studio=True))
    run = fake.run_lua("local d = bmd.UIDispatcher(fusion.UIManager) d:AddWindow({ID = 'w'}):Show() d:RunLoop()")
    assert run.error is not None
    assert "stays open" in run.error


def test_every_call_costs_time_and_waiting_lets_things_happen() -> None:
    clock = Clock(call_cost=0.01, costs={"GetName": 0.5})
    fake = Fake(clock=clock)
    happened: list[float] = []
    clock.after(2, lambda: happened.append(clock.elapsed()))
    clock.at_wait(2, lambda: happened.append(-1))
    run = fake.run_lua("""
        local began = os.time()
        resolve:GetProductName()
        resolve:GetProjectManager():GetCurrentProject():GetName()
        bmd.wait(1) bmd.wait(1) bmd.wait(1)
        return os.time() - began, os.clock()
    """)
    assert run.returned[0] in (3, 4)
    assert run.returned[1] == pytest.approx(3.53)
    assert happened == [-1, pytest.approx(2.53)]


def test_a_real_clock_really_sleeps() -> None:
    clock = Clock(real=True)
    Fake(clock=clock).run_lua("bmd.wait(0.05)")
    assert clock.elapsed() >= 0.05


def test_something_can_happen_just_before_a_call() -> None:
    fake = Fake()
    fake.before("GetTrackName", lambda: fake.user.rename_track(fake.timeline.tracks["audio"][0], "Renamed"), 2)
    own = timeline(fake)
    assert [own.GetTrackName("audio", 1) for _ in range(3)] == ["Audio 1", "Renamed", "Renamed"]


def test_own_steps_are_the_scripts_work_between_host_calls() -> None:
    fake = Fake()
    run = fake.run_lua(
        "local n = 0 for i = 1, 300000 do n = n + os.time() % 2 end resolve:GetVersion() bmd.wait(1)", counting=True
    )
    assert len(run.steps) == 3
    assert run.steps[0] > 300_000
    assert max(run.steps[1:]) <= 1000
    assert fake.own_steps == run.steps


def test_prints_go_to_the_console_as_lua_writes_them() -> None:
    run = Fake().run_lua("print('a', nil, 1, true, 2.5) print()")
    assert run.printed == ["a\tnil\t1\ttrue\t2.5", ""]


def test_a_script_error_is_told_with_its_line(tmp_path: Path) -> None:
    script = tmp_path / "broken.lua"
    script.write_text("\nlocal t = nil\nprint(t.x)")
    run = Fake().run_lua(script)
    assert run.error is not None
    assert "broken.lua:3" in run.error


def test_random_traps_are_the_same_for_one_seed_and_cover_every_switch() -> None:
    assert Traps.random(5) == Traps.random(5)
    seen = set().union(*(Traps.random(seed).on() for seed in range(200)))
    assert seen == set(Traps.__dataclass_fields__)


def test_preferences_are_kept_once_they_are_saved() -> None:
    fake = Fake()
    fake.run_lua("fusion:SetPrefs('Global.Hitpoint.Id', 'x') fusion:SavePrefs() fusion:SetPrefs('a', 1)")
    assert fake.saved_prefs == {"Global.Hitpoint.Id": "x"}
    assert fake.run_lua("return fusion:GetPrefs('a')").returned == 1
