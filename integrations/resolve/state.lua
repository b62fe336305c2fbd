-- What the user had set, kept over everything a run does: page, playhead, marks, bin, pool selection, track states.
-- It is read right before something is done and put back right after, so that what the user does in between stays.

local room = ...
local host, tracks = room("host"), room("tracks")

local state = {}

local function each_track(session, see)
  for _, kind in ipairs({ "video", "audio" }) do
    for index = 1, tracks.count(session, kind) do
      local name = host.ask(session, "GetTrackName", kind, index)
      see(kind, index, {
        name = name,
        enabled = host.ask(session, "GetIsTrackEnabled", kind, index),
        locked = host.ask(session, "GetIsTrackLocked", kind, index),
      })
    end
  end
end

-- The current bin, and what it is known by once this handle is dead.
local function bin_of(pool)
  local folder = host.call(pool, "GetCurrentFolder")
  return { folder = folder, id = host.call(folder, "GetUniqueId"), name = host.call(folder, "GetName") }
end

local function read(session)
  local saved = {
    page = host.call(session.resolve, "GetCurrentPage"),
    timecode = host.ask(session, "GetCurrentTimecode"),
    marks = host.ask(session, "GetMarkInOut"),
    bin = bin_of(session.pool),
    selection = host.list(host.call(session.pool, "GetSelectedClips")),
    tracks = {},
  }
  each_track(session, function(kind, index, track) saved.tracks[kind .. index] = track end)
  return saved
end

-- A track that has another name now is another track: the user has moved them.
local function restore_tracks(session, saved)
  each_track(session, function(kind, index, now)
    local before = saved.tracks[kind .. index]
    if before and before.name == now.name then
      if before.enabled ~= nil and before.enabled ~= now.enabled then
        host.call(host.now(session).line, "SetTrackEnable", kind, index, before.enabled)
      end
      if before.locked ~= nil and before.locked ~= now.locked then
        host.call(host.now(session).line, "SetTrackLock", kind, index, before.locked)
      end
    end
  end)
end

local function restore_marks(session, saved)
  local now = host.list(host.ask(session, "GetMarkInOut"))
  for _, kind in ipairs({ "video", "audio" }) do
    local before, found = host.list(host.list(saved)[kind]), host.list(now[kind])
    local first, last = before["in"], before.out
    if first ~= found["in"] or last ~= found.out then
      if first and last then
        host.call(host.now(session).line, "SetMarkInOut", first, last, kind)
      elseif not first and not last then
        host.call(host.now(session).line, "ClearMarkInOut", kind)
      end
    end
  end
end

-- The playhead cannot be set on every page, so it goes before the page does.
local function restore_playhead(session, saved)
  if saved.timecode and host.ask(session, "GetCurrentTimecode") ~= saved.timecode then
    host.call(host.now(session).line, "SetCurrentTimecode", saved.timecode)
  end
end

local function ids(clips)
  local found = {}
  for place, clip in ipairs(clips) do found[place] = tostring(host.call(clip, "GetUniqueId")) end
  return table.concat(found, " ")
end

-- A bin as it was known, in a folder or below it.
local function find_bin(folder, bin)
  if host.call(folder, "GetUniqueId") == bin.id and host.call(folder, "GetName") == bin.name then return folder end
  for _, inner in ipairs(host.list(host.call(folder, "GetSubFolderList"))) do
    local found = find_bin(inner, bin)
    if found then return found end
  end
  return nil
end

local function restore_bin(pool, bin)
  if not bin.name or host.call(pool, "SetCurrentFolder", bin.folder) == true then return end
  local found = find_bin(host.call(pool, "GetRootFolder"), bin)
  if found then host.call(pool, "SetCurrentFolder", found) end
end

-- One clip is all that can be selected again; more than one are left as long as they still are selected.
local function restore_pool(session, saved)
  local pool = host.current(session).pool
  restore_bin(pool, saved.bin)
  local now = host.list(host.call(pool, "GetSelectedClips"))
  if saved.selection[1] and ids(now) ~= ids(saved.selection) then
    host.call(pool, "SetSelectedClip", saved.selection[1])
  end
end

local function restore_page(session, saved)
  if saved.page and host.call(session.resolve, "GetCurrentPage") ~= saved.page then
    host.call(session.resolve, "OpenPage", saved.page)
  end
end

-- Put everything back that is not as it was. Where the user has gone to another timeline, that one is left alone.
local function restore(session, saved)
  if host.still(session) then
    host.attempt(tracks.clear_room, session)
    host.attempt(restore_tracks, session, saved)
    host.attempt(restore_marks, session, saved.marks)
    host.attempt(restore_playhead, session, saved)
  end
  local project = host.current(session).project_id
  if project == session.project_id then host.attempt(restore_pool, session, saved) end
  host.attempt(restore_page, session, saved)
end

-- Do something and leave everything the user had set as it was, also where it ends with an error.
function state.keep(session, act)
  local saved = read(host.now(session))
  local ok, why = pcall(act)
  host.attempt(restore, session, saved)
  if not ok then error(why, 0) end
end

return state
