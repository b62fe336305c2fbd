-- One small panel and a progress window, where this Resolve lets scripts open windows; without them all goes on as
-- well.

local room = ...
local host = room("host")

local panel = {}

local AUTO = "by the picture"

-- The window maker, nil where there is none. The free edition lost it in 19.1; asking it there is a call for Studio
-- only.
local function maker(session)
  if not session.studio and not host.before(session, "19.1") then return nil end
  local fusion = host.global("fusion") or host.global("fu") or host.call(session.resolve, "Fusion")
  local ui = host.field(fusion, "UIManager")
  local dispatch = host.field(host.global("bmd"), "UIDispatcher")
  if ui == nil or dispatch == nil then return nil end
  local ok, dispatcher = pcall(dispatch, ui)
  if ok and dispatcher then return ui, dispatcher end
  return nil
end

local function label(ui, words)
  return ui:Label({ Text = words, Weight = 0 })
end

local function row(ui, words, element)
  return ui:HGroup({ Weight = 0, ui:Label({ Text = words, Weight = 0.3 }), element })
end

local function stem_boxes(ui, stems)
  local boxes = { Weight = 0 }
  for place, stem in ipairs(stems) do
    boxes[place] = ui:CheckBox({ ID = "Stem" .. place, Text = stem, Checked = true })
  end
  return ui:HGroup(boxes)
end

local function layout(ui, asked)
  local rows = { ID = "Root", label(ui, asked.words) }
  local function add(element) rows[#rows + 1] = element end
  if asked.engines then add(row(ui, "Engine", ui:ComboBox({ ID = "Engine", Weight = 0.7 }))) end
  if asked.styles then add(row(ui, "Style", ui:ComboBox({ ID = "Style", Weight = 0.7 }))) end
  add(row(ui, "Seed", ui:LineEdit({ ID = "Seed", PlaceholderText = "a new one each time", Weight = 0.7 })))
  if #asked.stems > 0 then add(stem_boxes(ui, asked.stems)) end
  if asked.engines then add(ui:CheckBox({ ID = "Speech", Text = "Stay under speech", Weight = 0 })) end
  local no, yes = ui:Button({ ID = "No", Text = "Cancel" }), ui:Button({ ID = "Yes", Text = asked.button })
  add(ui:HGroup({ Weight = 0, no, yes }))
  return ui:VGroup(rows)
end

-- Put the remembered choice into a list: its names, that one on top.
local function fill(box, names, chosen)
  if chosen then box:AddItem(chosen) end
  for _, name in ipairs(names) do
    if name ~= chosen then box:AddItem(name) end
  end
end

local function is_among(list, name)
  for _, other in ipairs(list) do
    if other == name then return true end
  end
  return false
end

local function set_out(items, asked)
  local options = asked.options
  if asked.engines then
    fill(items.Engine, asked.engines, options.engine)
    items.Speech.Checked = options.under_speech == true
  end
  if asked.styles then
    local chosen = options.style ~= "auto" and options.style or AUTO
    fill(items.Style, asked.styles, chosen)
    if chosen ~= AUTO then items.Style:AddItem(AUTO) end
  end
  if tonumber(options.seed) then items.Seed.Text = tostring(host.whole(options.seed)) end
  local wanted = host.list(options.stems)
  for place, stem in ipairs(asked.stems) do
    items["Stem" .. place].Checked = #wanted == 0 or is_among(wanted, stem)
  end
end

-- What the user chose: engine, style ("auto" by the picture), seed ("new"), under_speech, stems (all of them: an
-- empty list).
local function taken(items, asked)
  local choice = { stems = {}, seed = tostring(items.Seed.Text or ""):match("^%s*(%d+)%s*$") or "new" }
  for place, stem in ipairs(asked.stems) do
    if items["Stem" .. place].Checked then choice.stems[#choice.stems + 1] = stem end
  end
  if #choice.stems == #asked.stems then choice.stems = {} end
  if asked.engines then
    choice.engine, choice.under_speech = items.Engine.CurrentText, items.Speech.Checked == true
  end
  if asked.styles then choice.style = items.Style.CurrentText == AUTO and "auto" or items.Style.CurrentText end
  return choice
end

local function show(ui, dispatcher, asked)
  local frame = { ID = "Hitpoint", WindowTitle = "Hitpoint", Geometry = { 200, 200, 460, 260 } }
  local window = dispatcher:AddWindow(frame, layout(ui, asked))
  local items, choice = window:GetItems(), nil
  set_out(items, asked)
  window.On.Yes.Clicked = function()
    choice = taken(items, asked)
    dispatcher:ExitLoop()
  end
  window.On.No.Clicked = function() dispatcher:ExitLoop() end
  window.On.Hitpoint.Close = function() dispatcher:ExitLoop() end
  window:Show()
  dispatcher:RunLoop()
  window:Hide()
  return choice
end

-- Whether windows can be opened here.
function panel.is_there(session)
  return maker(session) ~= nil
end

-- Ask once. `asked`: words, button, stems, options, and engines and styles (lists of names) where they are asked for.
-- True and the choice; true and nil when the user cancelled; false where no panel can be shown.
function panel.ask(session, asked)
  local ui, dispatcher = maker(session)
  if not ui then return false end
  local ok, choice = pcall(show, ui, dispatcher, asked)
  return ok, choice
end

local function open_progress(ui, dispatcher, words)
  local state = { dispatcher = dispatcher }
  local shown, stop = ui:Label({ ID = "Words", Text = words }), ui:Button({ ID = "Stop", Text = "Cancel", Weight = 0 })
  local frame = { ID = "HitpointProgress", WindowTitle = "Hitpoint", Geometry = { 200, 200, 420, 90 } }
  state.window = dispatcher:AddWindow(frame, ui:VGroup({ ID = "Root", shown, stop }))
  state.items = state.window:GetItems()
  state.window.On.Stop.Clicked = function() state.cancelled = true end
  state.window.On.HitpointProgress.Close = function() state.cancelled = true end
  state.window:Show()
  return state
end

-- A progress window with a Cancel button; nil where windows cannot be kept alive while the script waits.
function panel.progress(session, words)
  local ui, dispatcher = maker(session)
  if not ui or host.field(dispatcher, "StepLoop") == nil then return nil end
  local ok, state = pcall(open_progress, ui, dispatcher, words)
  return ok and state or nil
end

-- Show how far the work is; true once the user asked to stop.
function panel.step(state, words)
  pcall(function()
    state.items.Words.Text = words
    state.dispatcher:StepLoop()
  end)
  return state.cancelled == true
end

function panel.close(state)
  if state then pcall(function() state.window:Hide() end) end
end

return panel
