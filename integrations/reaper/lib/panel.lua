--- The one small window: through ReaImGui where it is installed, else REAPER's own graphics, else none at all.

return function(rooms)
  local panel = {}
  local backend, fallen, menu_wanted

  local function choose()
    if not fallen and rooms.window.possible() then return rooms.window end
    if fallen ~= "all" and rooms.strip.possible() then return rooms.strip end
    return nil
  end

  --- Whether anything can be shown.
  function panel.possible() return choose() ~= nil end

  local function fall()
    local was = backend
    pcall(backend.close)
    fallen = was == rooms.window and "window" or "all"
    backend = nil
  end

  -- The menu needs to know what there is; it opens once that is known.
  local function open_menu(state)
    rooms.choices.ask(state.project)
    if not rooms.choices.known() then return nil end
    menu_wanted = false
    return rooms.strip.menu(state.options) and "changed" or nil
  end

  --- Show one frame. `state`: words, fraction, buttons, options, project.
  -- @return what the user did: the id of a button, "closed", or nil; changed options are in `state.options` and kept
  function panel.show(state)
    backend = backend or choose()
    if not backend then return nil end
    rooms.choices.look()
    local ok, event = pcall(backend.draw, state)
    if not ok then
      fall() -- a window that breaks never stops the work
      return nil
    end
    if event == "options" then menu_wanted = true end
    if menu_wanted and backend == rooms.strip then
      local drawn, changed = pcall(open_menu, state)
      event = drawn and changed or nil
      if not drawn then menu_wanted = false end
    end
    if event ~= "changed" then return event ~= "options" and event or nil end
    rooms.options.keep(state.project.handle, state.options)
    return nil
  end

  --- Close the window.
  function panel.close()
    if backend then pcall(backend.close) end
    backend = nil
  end

  return panel
end
