-- Audio tracks of ours: found by name, made as stereo, read item by item. Those of the user are never touched.
-- An item read here has handle, start (absolute), frames, left, and of media: media (pool item), file.

local room = ...
local host = room("host")

local tracks = {}

local TEMPORARY = "Hitpoint (empty, only while placing)"

function tracks.count(session, kind)
  return host.whole(host.ask(session, "GetTrackCount", kind)) or 0
end

-- "Hitpoint drums" and "Hitpoint drums 3" are 1 and 3 for "drums"; any other name is nil.
local function number_of(name, stem)
  local own = "Hitpoint " .. stem
  if name == own then return 1 end
  if name:sub(1, #own + 1) ~= own .. " " then return nil end
  return tonumber(name:sub(#own + 2):match("^%d+$"))
end

-- A build that does not tell the layout is believed; a mono track of our name is not used.
local function is_stereo(session, index)
  local kind = host.ask(session, "GetTrackSubType", "audio", index)
  return kind == nil or kind == "" or kind == "stereo"
end

-- Our tracks for a stem, from the top: index, name, number, locked, stereo.
function tracks.of_stem(session, stem)
  local found = {}
  for index = 1, tracks.count(session, "audio") do
    local name = host.ask(session, "GetTrackName", "audio", index) or ""
    local number = number_of(name, stem)
    if number then
      found[#found + 1] = {
        index = index,
        name = name,
        number = number,
        locked = host.ask(session, "GetIsTrackLocked", "audio", index) == true,
        stereo = is_stereo(session, index),
      }
    end
  end
  return found
end

-- Where a track lies now: the user may have put others above it.
function tracks.index_of(session, name)
  for index = 1, tracks.count(session, "audio") do
    if host.ask(session, "GetTrackName", "audio", index) == name then return index end
  end
  return nil
end

-- One item; nil when its handle died while it was read.
local function read(handle)
  local item = {
    handle = handle,
    start = host.whole(host.call(handle, "GetStart")),
    frames = host.whole(host.call(handle, "GetDuration")),
    left = host.whole(host.call(handle, "GetLeftOffset")),
    media = host.call(handle, "GetMediaPoolItem"),
  }
  item.file = host.call(item.media, "GetClipProperty", "File Path")
  if item.file == "" then item.file = nil end
  -- Titles and transitions have no file; a handle that is dead now has answered nothing to be trusted.
  local alive = item.file or host.call(handle, "GetStart") ~= nil
  return item.start and item.frames and alive and item or nil
end

local function read_all(session, index)
  local items, complete = {}, true
  for _, handle in ipairs(host.list(host.ask(session, "GetItemListInTrack", "audio", index))) do
    local item = read(handle)
    if item then items[#items + 1] = item else complete = false end
  end
  table.sort(items, function(one, other) return one.start < other.start end)
  return items, complete
end

-- The items of a track in order, and whether all of them could be read.
function tracks.items(session, index)
  local items, complete
  for _ = 1, 3 do
    items, complete = read_all(session, index)
    if complete then return items, true end
    host.still(session)
  end
  return items, false
end

local function free_name(session, stem)
  local taken = {}
  for _, track in ipairs(tracks.of_stem(session, stem)) do taken[track.number] = true end
  local number = 1
  while taken[number] do number = number + 1 end
  return "Hitpoint " .. stem .. (number > 1 and " " .. number or "")
end

-- A new stereo track at the bottom with our name; nil and why when Resolve gives none.
function tracks.add(session, stem)
  local name, before = free_name(session, stem), tracks.count(host.now(session), "audio")
  host.call(session.line, "AddTrack", "audio", "stereo")
  local index = tracks.count(session, "audio")
  if index ~= before + 1 then return nil, "Resolve added no track; close any open dialog" end
  for _ = 1, 2 do
    host.call(host.now(session).line, "SetTrackName", "audio", index, name)
    if host.ask(session, "GetTrackName", "audio", index) == name then
      return { index = index, name = name, locked = false, stereo = is_stereo(session, index) }
    end
  end
  -- A track that cannot be told from the user's is taken away again, as long as it is surely the empty new one.
  if tracks.count(session, "audio") == index and #tracks.items(session, index) == 0 then
    host.call(host.now(session).line, "DeleteTrack", "audio", index)
  end
  return nil, "Resolve did not let the new track be named"
end

-- Before 20.2.2 an audio index above the number of video tracks is refused: empty video tracks are added for the
-- while.
function tracks.make_room(session, index)
  if not host.before(session, "20.2.2") then return end
  local count = tracks.count(session, "video")
  if index <= count then return end
  for number = count + 1, index do
    host.call(host.now(session).line, "AddTrack", "video")
    if tracks.count(session, "video") ~= number then return end
    host.call(session.line, "SetTrackName", "video", number, TEMPORARY)
  end
  if not session.made_room then
    session.made_room = true
    host.say("this Resolve lays audio no lower than it has video tracks: "
      .. "empty video tracks are there while placing, then gone.")
  end
end

-- Take away the video tracks made for the while, those that an interrupted run left too; only empty ones of our name.
function tracks.clear_room(session)
  for index = tracks.count(session, "video"), 1, -1 do
    local ours = host.ask(session, "GetTrackName", "video", index) == TEMPORARY
    if ours and #host.list(host.ask(session, "GetItemListInTrack", "video", index)) == 0 then
      host.call(host.now(session).line, "DeleteTrack", "video", index)
    end
  end
end

return tracks
