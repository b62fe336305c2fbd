-- The host, asked call by call: any method may be missing, any handle may die, and nothing says why it refused.
-- A session holds what one run knows: settings, resolve, version, studio, project_id, timeline_id and fresh handles.

local host = {}

-- What the user does where an answer waits, or will.
host.AGAIN = "call this again: what is ready is placed then."
host.LATER = "call this again later: what is ready is placed then."

-- A global that may not be there; strict globals raise on a plain look.
function host.global(name)
  return rawget(_G, name)
end

-- A field of an object: nil where there is none, or where a dead handle raises.
function host.field(object, name)
  if object == nil then return nil end
  local ok, value = pcall(function() return object[name] end)
  if ok then return value end
  return nil
end

-- What a method answers: nil where it is missing or raises. Constants and results may be 0 or false: test for nil.
function host.call(object, name, ...)
  local method = host.field(object, name)
  if method == nil then return nil end
  local ok, answer = pcall(method, object, ...)
  if ok then return answer end
  return nil
end

-- A result that should be a list; refusals answer nil or false.
function host.list(value)
  return type(value) == "table" and value or {}
end

-- A number as a whole one: hosts answer 12, 12.0 and "12".
function host.whole(value)
  local number = tonumber(value)
  return number and math.floor(number + 0.5)
end

function host.say(words)
  local show = host.global("print")
  if show then show("Hitpoint: " .. words) end
end

-- Leave the run with one sentence for the user.
function host.stop(sentence)
  error({ sentence = sentence }, 0)
end

-- Run something; true, or false and the sentence that tells why it ended.
function host.attempt(act, ...)
  local ok, why = pcall(act, ...)
  if ok then return true end
  if type(why) == "table" and why.sentence then return false, why.sentence end
  return false, "the script met something it does not know (" .. tostring(why) .. "); nothing more was changed. "
    .. "Please report this."
end

-- Seconds since the epoch; nil where the host has no clock.
function host.time()
  local tell = host.field(host.global("os"), "time")
  return tell and tell()
end

-- Let the host breathe; false where scripts cannot wait.
function host.wait(seconds)
  local wait = host.field(host.global("bmd"), "wait")
  if wait == nil then return false end
  return (pcall(wait, seconds))
end

-- Called in each turn of a long loop that asks the host nothing: gives it room now and then.
function host.breathe(turn)
  if turn % 500 == 0 then host.wait(0) end
end

local function numbers_of(text)
  local major, minor, patch = tostring(text):match("(%d+)%.?(%d*)%.?(%d*)")
  return { tonumber(major) or 0, tonumber(minor) or 0, tonumber(patch) or 0 }
end

local function version_of(resolve)
  local text = host.call(resolve, "GetVersionString")
  local list = host.list(host.call(resolve, "GetVersion"))
  local numbers = { host.whole(list[1]) or 0, host.whole(list[2]) or 0, host.whole(list[3]) or 0 }
  if numbers[1] == 0 then numbers = numbers_of(text) end
  if type(text) ~= "string" or text == "" then text = table.concat(numbers, ".") end
  return numbers, text
end

-- Whether this Resolve is older than a version; one that does not tell its version is taken for old.
function host.before(session, version)
  local wanted = numbers_of(version)
  for place = 1, 3 do
    if session.version[place] ~= wanted[place] then return session.version[place] < wanted[place] end
  end
  return false
end

local function find_resolve()
  local found = host.global("resolve")
  if found ~= nil then return found end
  local connect = host.field(host.global("bmd"), "scriptapp")
  local ok, answer = pcall(function() return connect("Resolve") end)
  return ok and answer or nil
end

-- A session for one run; says the banner first, so that a click is never without a sign of life.
function host.open(settings)
  local session = { settings = settings, resolve = find_resolve(), version = { 0, 0, 0 } }
  if session.resolve == nil then
    host.say(settings.version .. ", Resolve not reached")
    host.stop("no Resolve answers here. Start this from Workspace > Scripts inside DaVinci Resolve.")
  end
  local text
  session.version, text = version_of(session.resolve)
  local product = host.call(session.resolve, "GetProductName") or "DaVinci Resolve"
  local studio = host.call(session.resolve, "IsStudio")
  if type(studio) ~= "boolean" then studio = product:find("Studio", 1, true) ~= nil end
  session.studio = studio
  local edition = studio and "Studio edition" or "free edition"
  host.say(settings.version .. " in " .. product .. " " .. text .. " (" .. edition .. ")")
  return session
end

-- What is open at this moment: handles live only briefly, and the user may have gone elsewhere.
function host.current(session)
  local manager = host.call(session.resolve, "GetProjectManager")
  local project = host.call(manager, "GetCurrentProject")
  local line = host.call(project, "GetCurrentTimeline")
  return {
    project = project,
    line = line,
    pool = host.call(project, "GetMediaPool"),
    project_id = host.call(project, "GetUniqueId") or host.call(project, "GetName"),
    timeline_id = host.call(line, "GetUniqueId") or host.call(line, "GetName"),
  }
end

-- Fix the project and the timeline this run is about.
function host.settle(session)
  local now = host.current(session)
  if not now.timeline_id then now = host.current(session) end
  if not now.project_id then host.stop("no project is open. Open one, then call this again.") end
  if not now.timeline_id then
    host.stop("no timeline is open. Open the timeline to be scored, then call this again.")
  end
  session.project_id, session.timeline_id = now.project_id, now.timeline_id
  session.project, session.line, session.pool = now.project, now.line, now.pool
  session.timeline_name = host.call(now.line, "GetName") or ""
  session.project_name = host.call(now.project, "GetName") or ""
end

-- Whether the run's own timeline is still the one in front; fresh handles when it is.
function host.still(session)
  for _ = 1, 3 do
    local now = host.current(session)
    if now.project_id == session.project_id and now.timeline_id == session.timeline_id then
      session.project, session.line, session.pool = now.project, now.line, now.pool
      return true
    end
    if now.project_id and now.timeline_id then return false end
    host.wait(0.1)
  end
  return false
end

-- Fresh handles before anything is changed; writes go to whatever timeline is in front, so it must be ours.
function host.now(session)
  if not host.still(session) then
    session.elsewhere = true
    host.stop('another timeline is open now, so nothing more was placed. Open the timeline "' .. session.timeline_name
      .. '" of the project "' .. session.project_name .. '" and ' .. host.AGAIN)
  end
  return session
end

-- What the run's timeline answers; asked again with a fresh handle when the first one gives nothing.
function host.ask(session, method, ...)
  local answer = host.call(session.line, method, ...)
  if answer ~= nil then return answer end
  host.still(session)
  return host.call(session.line, method, ...)
end

return host
