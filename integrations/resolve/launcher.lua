-- One entry of Workspace > Scripts > Hitpoint. The installer fills in the five texts; all else is in the rooms
-- beside hitpoint.lua.

local settings = {
  version = "@VERSION@",
  action = "@ACTION@",
  scripts = "@SCRIPTS@",
  mailbox = "@MAILBOX@",
  program = "@PROGRAM@",
}

local say = rawget(_G, "print") or function() end
local load_file = rawget(_G, "loadfile")

local function start()
  if not load_file then
    return say("Hitpoint: this Resolve lets scripts load no files. Use Hitpoint by hand, as docs/hosts.md tells.")
  end
  local separator = settings.scripts:find("\\", 1, true) and "\\" or "/"
  local path = settings.scripts .. separator .. "hitpoint.lua"
  local entry, why = load_file(path)
  if not entry then
    return say("Hitpoint: its script is missing or broken at " .. path .. " (" .. tostring(why)
      .. "). Run: hitpoint install resolve")
  end
  entry()(settings)
end

-- A menu entry that dies silently looks like one that does nothing.
local ok, why = pcall(start)
if not ok then
  say("Hitpoint: its script stopped at once (" .. tostring(why) .. "). Run: hitpoint install resolve")
end
