-- Beats, bars, sections and hits as timeline markers: one per frame, recognised as ours by their customData.
-- Markers count from the timeline's first frame. customData is hitpoint:<cue>:<kind>:<frame in the cue>.

local room = ...
local host = room("host")

local markers = {}

local RANK = { hit = 1, section = 2, bar = 3, beat = 4 }
local COLOURS = { section = "Purple", bar = "Blue", beat = "Sky" }
local MET, MISSED = "Green", "Red"
local CHECK = 50 -- markers set between two looks whether the timeline is still in front
local GIVE_UP = 10 -- refusals in a row after which Resolve takes none at all

local function wants(kinds, kind)
  if kinds == "none" then return false end
  return kinds ~= "hits" or kind == "hit"
end

local function colour_of(marker)
  if marker.kind == "hit" then return marker.met == false and MISSED or MET end
  return COLOURS[marker.kind]
end

-- Put a second marker into the one that stands on its frame: the weightier kind leads, names and notes are joined.
local function join(into, marker)
  local leads = RANK[marker.kind] < RANK[into.kind]
  local first, second = leads and marker or into, leads and into or marker
  local name, note = first.name, first.note or ""
  if second.name ~= first.name then name = first.name .. " / " .. second.name end
  if second.note and second.note ~= "" then note = note == "" and second.note or note .. "; " .. second.note end
  local missed = into.colour == MISSED or (marker.kind == "hit" and marker.met == false)
  into.colour = missed and MISSED or (leads and colour_of(marker) or into.colour)
  into.kind, into.frames, into.name, into.note = first.kind, first.frames, name, note
end

-- The markers of a placement as they shall stand: a list by frame, and frame → marker.
local function wanted(placement, kinds)
  local list, at = {}, {}
  for turn, marker in ipairs(host.list(placement.markers)) do
    host.breathe(turn)
    local frame = placement.start + marker.first
    if wants(kinds, marker.kind) and RANK[marker.kind] then
      if at[frame] then
        join(at[frame], marker)
      else
        local one = { frame = frame, first = marker.first, kind = marker.kind, frames = marker.frames }
        one.name, one.note, one.colour = marker.name, marker.note or "", colour_of(marker)
        list[#list + 1], at[frame] = one, one
      end
    end
  end
  for turn, one in ipairs(list) do
    host.breathe(turn)
    one.frames = math.max(host.whole(one.frames) or 1, 1)
    one.data = "hitpoint:" .. placement.cue.id .. ":" .. one.kind .. ":" .. one.first
  end
  return list, at
end

-- All markers of the timeline: frame → {name, note, color, duration, customData}. Frames come as 12 or 12.0.
local function existing(session)
  local found, turn = {}, 0
  for frame, told in pairs(host.list(host.ask(session, "GetMarkers"))) do
    turn = turn + 1
    host.breathe(turn)
    found[host.whole(frame)] = told
  end
  return found
end

local function is_same(told, one)
  return told.name == one.name and told.note == one.note and told.color == one.colour
    and host.whole(told.duration) == one.frames and told.customData == one.data
end

-- Whether a marker is of this cue and still where we put it; one that the user moved is the user's.
local function is_ours(told, frame, placement)
  local cue, first = tostring(told.customData or ""):match("^hitpoint:(%x+):%a+:(%d+)$")
  return cue == placement.cue.id and tonumber(first) + placement.start == frame
end

-- Remove those of ours that shall not stand any more.
local function remove(session, placement, at)
  local old, turn = {}, 0
  for frame, told in pairs(existing(session)) do
    turn = turn + 1
    host.breathe(turn)
    if is_ours(told, frame, placement) and not (at[frame] and is_same(told, at[frame])) then old[#old + 1] = frame end
  end
  for turn_, frame in ipairs(old) do
    if turn_ % CHECK == 1 then host.now(session) end
    host.ask(session, "DeleteMarkerAtFrame", frame)
  end
  return #old
end

-- Some builds refuse customData on a new marker: then it is added after, or the marker goes again, as it would never
-- be known as ours.
local function add_without_data(session, one)
  if not host.ask(session, "AddMarker", one.frame, one.colour, one.name, one.note, one.frames) then return false end
  host.ask(session, "UpdateMarkerCustomData", one.frame, one.data)
  local told = existing(session)[one.frame]
  if told and told.customData == one.data then return true end
  if told and (told.customData or "") == "" and told.name == one.name then
    host.ask(session, "DeleteMarkerAtFrame", one.frame)
  end
  return false
end

local function add(session, one)
  local done = host.ask(session, "AddMarker", one.frame, one.colour, one.name, one.note, one.frames, one.data)
  return done == true or add_without_data(session, one)
end

-- Set what is missing; frames where the user's own marker stands, or beyond the timeline, are left out.
local function set(session, list, length, counts)
  local there, refused = existing(session), 0
  for turn, one in ipairs(list) do
    host.breathe(turn)
    if turn % CHECK == 1 then host.now(session) end
    local told = there[one.frame]
    if told and is_same(told, one) then
      counts.kept = counts.kept + 1
    elseif told then
      counts.occupied = counts.occupied + 1
    elseif one.frame < 0 or one.frame >= length then
      counts.outside = counts.outside + 1
    elseif refused >= GIVE_UP then
      counts.refused = counts.refused + 1
    elseif add(session, one) then
      counts.tried, refused = counts.tried + 1, 0
    else
      counts.refused, refused = counts.refused + 1, refused + 1
    end
  end
end

-- Make the timeline's markers like those of a placement; `kinds` is "all", "hits" or "none".
-- Gives counts: wanted, set, kept, removed, occupied (by the user's), outside (the timeline), refused.
function markers.reconcile(session, placement, kinds, length)
  local list, at = wanted(placement, kinds)
  local counts = { wanted = #list, set = 0, kept = 0, occupied = 0, outside = 0, refused = 0, tried = 0 }
  counts.removed = remove(session, placement, at)
  set(session, list, length, counts)
  -- Only what is read back counts as set.
  local there, standing = existing(session), 0
  for turn, one in ipairs(list) do
    host.breathe(turn)
    if there[one.frame] and is_same(there[one.frame], one) then standing = standing + 1 end
  end
  counts.set = standing - counts.kept
  counts.refused = counts.refused + counts.tried - counts.set
  return counts
end

-- The section of a cue under a frame, as first and last (exclusive) relative frames; nil where no section marker
-- stands.
function markers.section_at(session, cue, frame)
  for place, told in pairs(existing(session)) do
    local id = tostring(told.customData or ""):match("^hitpoint:(%x+):section:%d+$")
    local frames = host.whole(told.duration) or 1
    if id == cue and place <= frame and frame < place + frames then return place, place + frames end
  end
  return nil
end

return markers
