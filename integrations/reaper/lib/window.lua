--- The same window through ReaImGui, where that is installed: it has room for the options themselves.
-- Its contexts die when a frame is missed or an error breaks one: each frame asks whether its own still lives.

return function(rooms)
  local window = {}
  local NEEDED = {
    "ImGui_CreateContext", "ImGui_ValidatePtr", "ImGui_Begin", "ImGui_End", "ImGui_Text", "ImGui_Button",
    "ImGui_SameLine", "ImGui_ProgressBar", "ImGui_Checkbox", "ImGui_BeginCombo", "ImGui_Selectable", "ImGui_EndCombo",
    "ImGui_InputText", "ImGui_Separator", "ImGui_WindowFlags_AlwaysAutoResize", "ImGui_WindowFlags_NoCollapse",
  }
  local context, closed

  --- Whether this can be shown.
  function window.possible()
    for _, name in ipairs(NEEDED) do
      if not rooms.api.has(name) then return false end
    end
    return true
  end

  local function living()
    if context == nil or not reaper.ImGui_ValidatePtr(context, "ImGui_Context*") then
      context = reaper.ImGui_CreateContext("Hitpoint")
    end
    return context
  end

  local function draw_choice(ctx, options, choice)
    local shown = choice.none or ""
    for _, value in ipairs(choice.values) do
      if value[1] == options[choice.name] then shown = value[2] end
    end
    local changed = false
    if not reaper.ImGui_BeginCombo(ctx, choice.title, shown) then return false end
    local values = {table.unpack(choice.values)}
    if choice.none then table.insert(values, 1, {"", choice.none}) end
    for _, value in ipairs(values) do
      if reaper.ImGui_Selectable(ctx, value[2], options[choice.name] == value[1]) then
        options[choice.name], changed = value[1], true
      end
    end
    reaper.ImGui_EndCombo(ctx)
    return changed
  end

  local function draw_stems(ctx, options)
    local changed = false
    for index, stem in ipairs(rooms.menu.stems(options)) do
      if index > 1 then reaper.ImGui_SameLine(ctx) end
      if reaper.ImGui_Checkbox(ctx, stem[1], stem[2]) then
        rooms.menu.turn_stem(options, stem[1])
        changed = true
      end
    end
    return changed
  end

  local function draw_options(ctx, options)
    local changed = false
    reaper.ImGui_Separator(ctx)
    for _, choice in ipairs(rooms.menu.choices()) do changed = draw_choice(ctx, options, choice) or changed end
    changed = draw_stems(ctx, options) or changed
    local typed, seed = reaper.ImGui_InputText(ctx, "Seed (empty: a new one each time)", options.seed)
    if typed then options.seed, changed = seed:gsub("%D", ""), true end
    for _, switch in ipairs(rooms.menu.switches()) do
      local turned, value = reaper.ImGui_Checkbox(ctx, switch[2], options[switch[1]])
      if turned then options[switch[1]], changed = value, true end
    end
    return changed
  end

  local function draw_inside(ctx, state)
    local event
    reaper.ImGui_Text(ctx, state.words)
    if state.fraction then reaper.ImGui_ProgressBar(ctx, state.fraction) end
    local first = true
    for _, button in ipairs(state.buttons) do
      if button.id ~= "options" then
        if not first then reaper.ImGui_SameLine(ctx) end
        first = false
        if reaper.ImGui_Button(ctx, button.label) then event = button.id end
      end
    end
    if draw_options(ctx, state.options) then event = event or "changed" end
    return event
  end

  --- Draw one frame; as `strip.draw`, and "changed" when an option was changed.
  function window.draw(state)
    if closed then return nil end
    rooms.choices.ask(state.project)
    local ctx = living()
    local flags = reaper.ImGui_WindowFlags_AlwaysAutoResize() | reaper.ImGui_WindowFlags_NoCollapse()
    local visible, open = reaper.ImGui_Begin(ctx, "Hitpoint", true, flags)
    local event
    if visible then
      event = draw_inside(ctx, state)
      reaper.ImGui_End(ctx)
    end
    if not open then
      closed = true
      return "closed"
    end
    return event
  end

  --- Let the window go: a context that is not drawn any more is dropped by ReaImGui.
  function window.close() context, closed = nil, nil end

  return window
end
