-- The mailbox: a request is the timeline that Resolve itself exports, an answer is a Lua file that loadfile reads.

local room = ...
local host, request, starting = room("host"), room("request"), room("starting")

local mailbox = {}

local PROTOCOL = 1
local HEARTBEAT = 10 -- seconds after which a daemon that wrote nothing is taken for gone
local STEP = 0.25 -- seconds between two looks
local AGAIN = 15 -- seconds without a sign after which the request is sent once more
local UNHEARD = 120 -- seconds without a sign after which this run ends; the request stays
local FORGET = 3 -- seconds that forgetting an answer may take
local AWAY = 60 -- seconds that a daemon may be away before this run ends; the request stays

function mailbox.path(session, name)
  local folder = session.settings.mailbox
  local separator = folder:find("\\", 1, true) and "\\" or "/"
  return folder .. separator .. name
end

-- A file of the daemon's; nil while it is not there. Its files hold one literal each.
function mailbox.load(session, name)
  local chunk = host.global("loadfile")(mailbox.path(session, name))
  if not chunk then return nil end
  local ok, value = pcall(chunk)
  if ok and type(value) == "table" and value.hitpoint == PROTOCOL then return value end
  return nil
end

-- What the daemon tells about itself; nil when it is not running.
function mailbox.daemon(session)
  local told = mailbox.load(session, "daemon.lua")
  local now = host.time()
  if told and now and told.time and now - told.time > HEARTBEAT then return nil end
  return told
end

-- Both sides must be of one version: placing with mismatched halves would be guesswork.
local function check_version(session, daemon)
  local own = session.settings.version
  if daemon.version and daemon.version ~= own then
    host.stop("this script is version " .. own .. " and the program is version " .. daemon.version
      .. ". Run: hitpoint install resolve, then call this again.")
  end
end

-- The daemon once it is there; nil when it does not come in that many seconds.
function mailbox.come(session, seconds)
  for _ = 0, seconds / STEP do
    local daemon = mailbox.daemon(session)
    if daemon or not host.wait(STEP) then return daemon end
  end
  return nil
end

-- Make sure that a daemon of our version runs or is starting; says so when it has to be started by hand. One that
-- goes away is started once, each time it goes. Gives the daemon, nil while there is none.
function mailbox.wake(session)
  local daemon = mailbox.daemon(session)
  if daemon then
    check_version(session, daemon)
    session.started = false
  elseif not session.started then
    session.started = true
    host.say(starting.start(session))
  end
  return daemon
end

-- An empty file compiles, an exported timeline is no Lua: so loadfile tells them apart where there is no io.
local function is_empty(path)
  return host.global("loadfile")(path) ~= nil
end

-- What only names an answer may carry any timeline; what is scored must be the run's own.
local function line_of(session, anywhere)
  if anywhere then return host.current(session).line end
  return host.now(session).line
end

local function export_once(session, path, anywhere)
  local line = line_of(session, anywhere)
  local kind = host.field(session.resolve, "EXPORT_OTIO")
  if kind == nil then
    host.stop("this Resolve cannot export OTIO. Hitpoint needs version 18.5 or later.")
  end
  local done = host.call(line, "Export", path, kind, host.field(session.resolve, "EXPORT_NONE"))
  return done == true and not is_empty(path)
end

-- Send a request; gives its id. The fields may be sent again: the same id is the same request.
function mailbox.send(session, fields, anywhere)
  local exists = host.field(host.global("bmd"), "direxists")
  local ok, there = pcall(function() return exists(session.settings.mailbox) end)
  if exists ~= nil and ok and there == false then
    host.stop("its mailbox " .. session.settings.mailbox .. " is missing. Run: hitpoint install resolve")
  end
  local path = mailbox.path(session, request.name(fields))
  for _ = 1, 3 do
    if export_once(session, path, anywhere) then return fields.id end
    host.wait(STEP)
  end
  host.stop("Resolve refused to export the timeline to " .. session.settings.mailbox
    .. ". Close any open dialog, look that this folder can be written, and call this again.")
end

-- Ids of answers that were made for this timeline and that no script has said it laid.
function mailbox.ready(session)
  local told = mailbox.load(session, "ready.lua")
  return told and host.list(host.list(told.timelines)[request.key(session)]) or {}
end

function mailbox.answer(session, id)
  return mailbox.load(session, id .. ".answer.lua")
end

-- The options that hold for this project: its own, else the defaults.
function mailbox.options(session)
  local told = mailbox.load(session, "options.lua") or {}
  local own = host.list(told.projects)[request.hash(session.project_id)]
  local options = {}
  for _, source in ipairs({ host.list(told.defaults), host.list(own) }) do
    for key, value in pairs(source) do options[key] = value end
  end
  return options
end

-- Seconds since the waiting began: by the clock, else by adding up the waits.
local function stopwatch()
  local began, added = host.time(), 0
  return function(step)
    added = added + step
    local now = host.time()
    return began and now and now - began or added
  end
end

-- Ends the run when nothing can come any more; the request itself is never taken back.
local function check_patience(session, state, passed)
  if state.away and passed - state.away > AWAY then
    host.stop("its program is not running, so the request waits. Start it with: " .. starting.command(session)
      .. " - then " .. host.AGAIN)
  end
  if not state.heard and passed > UNHEARD then
    host.stop("its program has not taken the request yet. It stays in the mailbox; "
      .. host.LATER)
  end
end

local function look(session, fields, state, hear, passed)
  local progress = mailbox.load(session, fields.id .. ".progress.lua")
  state.heard = state.heard or progress ~= nil
  state.away = not mailbox.wake(session) and (state.away or passed) or nil
  if not state.heard and not state.again and not state.away and passed > AGAIN and host.still(session) then
    state.again = true
    mailbox.send(session, fields)
  end
  check_patience(session, state, passed)
  hear(progress)
end

-- Wait for the answer to a request, as long as its job takes; `hear` is given the progress, or nil, at each look.
function mailbox.await(session, fields, hear)
  local passed_at, state = stopwatch(), {}
  while true do
    local answer = mailbox.answer(session, fields.id)
    if answer then return answer end
    look(session, fields, state, hear, passed_at(STEP))
    if not host.wait(STEP) then
      host.stop("this Resolve gives scripts no way to wait. The work goes on; " .. host.LATER)
    end
  end
end

-- Wait for a short answer; nil when it does not come in that many seconds.
function mailbox.await_briefly(session, fields, seconds)
  local passed_at = stopwatch()
  while passed_at(STEP) <= seconds do
    local answer = mailbox.answer(session, fields.id)
    if answer then return answer end
    if not host.wait(STEP) then return nil end
  end
  return nil
end

local function is_ready(session, id)
  for _, other in ipairs(mailbox.ready(session)) do
    if other == id then return true end
  end
  return false
end

-- Tell the daemon that an answer was laid, so that it is forgotten. A moment is given for that: the next run would
-- take it for something still to be placed.
function mailbox.placed(session, id)
  local fields = request.fields(session, "placed")
  fields.of = id
  mailbox.send(session, fields, true)
  local passed_at = stopwatch()
  while mailbox.daemon(session) and is_ready(session, id) and passed_at(STEP) < FORGET do
    if not host.wait(STEP) then return end
  end
end

return mailbox
