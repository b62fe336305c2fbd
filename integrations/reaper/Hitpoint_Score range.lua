-- @description Hitpoint: score a range with beat-synchronised music stems
-- @version 0.1.0
-- @author Hitpoint
-- @about
--   # Hitpoint
--   Select a range or some items, call **Score range**, and music stems land on the frame, written to the cuts.
--   **Re-roll** writes a section or some stems again as new takes; **Next take** and **Previous take** flip all
--   stems together; **Cancel** stops what is under way. Needs the Hitpoint program: install it, then call
--   `hitpoint install reaper`.
-- @provides
--   [main] Hitpoint_*.lua
--   [nomain] lib/*.lua

local _, path = reaper.get_action_context()
local folder = path:match("^(.*)[/\\]") or "."
if reaper.file_exists(folder .. "/lib/hitpoint.lua") then
  dofile(folder .. "/lib/hitpoint.lua")(folder .. "/lib", "score")
else
  reaper.ShowConsoleMsg("Hitpoint: the folder lib is not beside " .. path .. ". Keep both together.\n")
  reaper.defer(function() end) -- a script that defers leaves no undo entry
end
