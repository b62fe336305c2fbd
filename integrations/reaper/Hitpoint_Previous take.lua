-- @description Hitpoint: Previous take
-- @noindex

local _, path = reaper.get_action_context()
local folder = path:match("^(.*)[/\\]") or "."
if reaper.file_exists(folder .. "/lib/hitpoint.lua") then
  dofile(folder .. "/lib/hitpoint.lua")(folder .. "/lib", "previous")
else
  reaper.ShowConsoleMsg("Hitpoint: the folder lib is not beside " .. path .. ". Keep both together.\n")
  reaper.defer(function() end) -- a script that defers leaves no undo entry
end
