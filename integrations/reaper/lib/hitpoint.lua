--- The way in: checks what the script needs, gathers the rooms, starts the action and what an earlier run left behind.

local RESTRICTED = "this script runs with restricted permissions and cannot reach files. "
  .. "Load it again with full permissions: Actions, New action, Load ReaScript."

--- Each room is a file that returns a function of all rooms; it is read when it is first used.
local function rooms_in(folder)
  return setmetatable({}, {
    __index = function(rooms, name)
      local room = dofile(folder .. "/" .. name .. ".lua")(rooms)
      rooms[name] = room
      return room
    end,
  })
end

return function(folder, action)
  if not io or not os then
    reaper.ShowConsoleMsg("Hitpoint: " .. RESTRICTED .. "\n")
    reaper.defer(function() end) -- a script that defers leaves no undo entry
    return
  end
  local rooms = rooms_in(folder)
  -- Called again while it runs, the script starts anew and takes over the jobs of its former self.
  local options = rawget(reaper, "set_action_options")
  if options then options(1 | 2) end
  rooms.runner.begin(action)
end
