-- Laying pieces on a track and taking items away. What Resolve answers proves nothing: the track is read back each
-- time.

local room = ...
local host, naming, plan, pool, tracks = room("host"), room("naming"), room("plan"), room("pool"), room("tracks")

local laying = {}

local GIVE_UP = 3 -- pieces refused one after the other, after which the rest is not tried again one by one

local function key(item)
  return item.start .. " " .. item.frames .. " " .. tostring(item.file)
end

local function keys(items)
  local found = {}
  for _, item in ipairs(items) do found[key(item)] = item end
  return found
end

-- Deleting works on the Edit page alone; the page is put back with everything else at the end.
local function delete(session, handles)
  if host.call(session.resolve, "GetCurrentPage") ~= "edit" then host.call(session.resolve, "OpenPage", "edit") end
  host.call(host.now(session).line, "DeleteClips", handles, false)
end

-- Delete items of a track, as read; true once all of them are surely gone.
function laying.remove(session, name, items)
  local wanted, left = keys(items), items
  for _ = 1, 3 do
    local handles = {}
    for place, item in ipairs(left) do handles[place] = item.handle end
    if #handles == 0 then return true end
    delete(session, handles)
    local index = tracks.index_of(session, name)
    local now, complete = {}, true
    if index then now, complete = tracks.items(session, index) end
    left = {}
    for _, item in ipairs(now) do
      if wanted[key(item)] then left[#left + 1] = item end
    end
    if #left == 0 then return complete end
  end
  return false
end

-- One item for each piece: absolute record frame, exclusive end, and always both media type and track.
local function infos(index, pieces, media, again)
  local list = {}
  for _, piece in ipairs(pieces) do
    if media[piece.file] then
      list[#list + 1] = {
        mediaPoolItem = media[piece.file],
        startFrame = 0,
        endFrame = again and piece.second or piece.source,
        mediaType = 2,
        trackIndex = index,
        recordFrame = piece.start,
      }
    end
  end
  return list
end

-- Whether Resolve answered with a list at all; after an error what it shows is gone with the next save.
-- The files were imported before: asked for again right here, their handles are fresh.
local function append(session, cue, index, pieces, again)
  tracks.make_room(session, index)
  local files = {}
  for place, piece in ipairs(pieces) do files[place] = piece.file end
  local list = infos(index, pieces, pool.import(session, cue, files), again)
  if #list == 0 then return false end
  if host.before(session, "20.3.2") then host.call(session.pool, "SetSelectedClip", list[1].mediaPoolItem) end
  return type(host.call(host.now(session).pool, "AppendToTimeline", list)) == "table"
end

-- What came newly to a track, sorted out: pieces that are missing, and items of ours that lie where none was asked
-- for.
local function sort_out(before, after, pieces, answered)
  local known, at, files = keys(before), {}, {}
  for _, piece in ipairs(pieces) do
    at[piece.start], files[#files + 1] = piece, piece.file
  end
  local strays, landed = {}, {}
  for _, item in ipairs(after) do
    local piece = at[item.start]
    if not known[key(item)] and item.file then
      if answered and piece and plan.in_place(item, piece) then
        landed[piece] = item
      else
        for _, file in ipairs(files) do
          if naming.same(item.file, file) then
            strays[#strays + 1] = item
            break
          end
        end
      end
    end
  end
  local missing = {}
  for _, piece in ipairs(pieces) do
    if not landed[piece] then missing[#missing + 1] = piece end
  end
  return missing, strays, landed
end

-- Lay pieces once; gives those that did not land. What landed elsewhere is taken away again.
local function attempt(session, cue, track, pieces, outcome, again)
  local index = tracks.index_of(session, track.name)
  if not index then return pieces end
  local before, complete = tracks.items(session, index)
  local answered = append(session, cue, index, pieces, again)
  local after = tracks.items(session, tracks.index_of(session, track.name) or index)
  local missing, strays, landed = sort_out(before, after, pieces, answered)
  for piece, item in pairs(landed) do outcome.landed[piece] = item end
  -- Where not all was read before, one of them may have been there.
  if #strays > 0 and not (complete and laying.remove(session, track.name, strays)) then
    outcome.strays = 'an item of Hitpoint lies astray on "' .. track.name .. '" at frame ' .. strays[1].start
      .. ": delete it by hand"
  end
  return missing
end

-- The most likely reason why a piece did not land; Resolve itself gives none.
local function reason(session, track, piece)
  local index = tracks.index_of(session, track.name)
  if not index then return 'its track "' .. track.name .. '" is gone' end
  local locked = host.ask(session, "GetIsTrackLocked", "audio", index) == true
  if locked then return 'its track "' .. track.name .. '" is locked' end
  for _, item in ipairs((tracks.items(session, index))) do
    if item.start < piece.start + piece.frames and item.start + item.frames > piece.start then
      return 'something else lies there on "' .. track.name .. '"'
    end
  end
  if host.before(session, "20.2.2") and index > tracks.count(session, "video") then
    return "this Resolve lays audio no lower than it has video tracks: add video tracks and call this again"
  end
  if host.before(session, "19.0.2") then
    return "this Resolve lays nothing while no clip is selected in the Media Pool: select one and call this again"
  end
  return "Resolve placed nothing and gave no reason; close any open dialog and call this again"
end

-- One missing piece, twice: the first new try may meet the next trouble.
local function lay_again(session, cue, track, piece, outcome)
  for _ = 1, 2 do
    if #attempt(session, cue, track, { piece }, outcome, piece.second ~= nil) == 0 then return true end
  end
  return false
end

-- Lay pieces on a track: {landed = piece → item, failed = piece → reason, strays}. What is missing is tried again
-- piece by piece.
function laying.lay(session, cue, track, pieces)
  local outcome, refused = { landed = {}, failed = {} }, 0
  for _, piece in ipairs(attempt(session, cue, track, pieces, outcome, false)) do
    if refused < GIVE_UP and lay_again(session, cue, track, piece, outcome) then
      refused = 0
    else
      refused = refused + 1
      outcome.failed[piece] = reason(session, track, piece)
    end
  end
  return outcome
end

return laying
