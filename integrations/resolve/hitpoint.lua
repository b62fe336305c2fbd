-- Hitpoint in DaVinci Resolve: the entry that the menu's launchers load. It works in the common part of Lua 5.1 to
-- 5.4, with nothing but loadfile assumed: no io, no os.execute, no require.

-- Loads the rooms beside this file, each once; a room is given this loader.
local function loader(folder)
  local rooms, load_file = {}, rawget(_G, "loadfile")
  local separator = folder:find("\\", 1, true) and "\\" or "/"
  local function room(name)
    if not rooms[name] then
      local chunk, why = load_file(folder .. separator .. name .. ".lua")
      if not chunk then error({ sentence = "its script " .. name .. ".lua is missing or broken (" .. tostring(why)
        .. "). Run: hitpoint install resolve" }, 0) end
      rooms[name] = chunk(room)
    end
    return rooms[name]
  end
  return room
end

local function tell(why)
  local show = rawget(_G, "print") or function() end
  show("Hitpoint: " .. (type(why) == "table" and why.sentence or tostring(why)))
end

-- Run one action: settings are action, version, scripts, mailbox and program.
local function run(settings)
  local room = loader(settings.scripts)
  local loaded, host = pcall(room, "host")
  if not loaded then return tell(host) end
  local ok, why = host.attempt(function()
    local session = host.open(settings)
    local act = room("actions")[settings.action]
    if not act then
      host.stop('there is no action "' .. tostring(settings.action) .. '". Run: hitpoint install resolve')
    end
    host.settle(session)
    act(session)
  end)
  if not ok then host.say(why) end
end

return run
