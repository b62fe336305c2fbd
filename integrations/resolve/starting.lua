-- Starting the program where this Resolve lets scripts do so; else the sentence that tells how.

local room = ...
local host = room("host")

local starting = {}

-- jit and package may both be missing: then the program's own path tells the system.
local function on_windows(session)
  local system = host.field(host.global("jit"), "os")
  if system then return system == "Windows" end
  return session.settings.program:find("\\", 1, true) ~= nil or session.settings.program:match("^%a:") ~= nil
end

-- What a person types to start it.
function starting.command(session)
  return '"' .. session.settings.program .. '" daemon start'
end

-- The command line that starts it without waiting for it.
function starting.line(session)
  local program = session.settings.program
  if on_windows(session) then return 'start "" /B "' .. program .. '" daemon start' end
  return "'" .. program:gsub("'", "'\\''") .. "' daemon start >/dev/null 2>&1 </dev/null &"
end

-- Start it and give the sentence that says what was done.
function starting.start(session)
  local execute = host.field(host.global("os"), "execute")
  if execute == nil or not pcall(execute, starting.line(session)) then
    return "its program is not running and this Resolve lets scripts start none. Start it with: "
      .. starting.command(session) .. " - the request waits and is taken then."
  end
  return "its program was not running; it is being started."
end

return starting
