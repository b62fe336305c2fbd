-- The music of ours that lies on the timeline: which cues, which stems, where.
-- An item of music has cue, stem, section (nil for a whole stem), take, first and last (relative frames, last
-- exclusive).

local room = ...
local host, markers, naming, pool, range, timeline, tracks =
  room("host"), room("markers"), room("naming"), room("pool"), room("range"), room("timeline"), room("tracks")

local music = {}

-- What an item is to us; nil for anything that is not ours.
local function told_of(handle, facts)
  local media = host.call(handle, "GetMediaPoolItem")
  local path = host.call(media, "GetClipProperty", "File Path")
  local told = type(path) == "string" and naming.parse(path) or nil
  local cue = told and (told.cue or pool.cue_of(media))
  local start, frames = host.whole(host.call(handle, "GetStart")), host.whole(host.call(handle, "GetDuration"))
  if not cue or not start or not frames then return nil end
  local first = start - facts.start
  return { cue = cue, stem = told.stem, section = told.section, take = told.take, first = first, last = first + frames }
end

-- All music on our tracks.
function music.all(session, facts)
  local found = {}
  for index = 1, tracks.count(session, "audio") do
    local name = host.ask(session, "GetTrackName", "audio", index)
    if type(name) == "string" and name:sub(1, 9) == "Hitpoint " then
      for _, handle in ipairs(host.list(host.ask(session, "GetItemListInTrack", "audio", index))) do
        found[#found + 1] = told_of(handle, facts)
      end
    end
  end
  return found
end

-- The selected items that are music of ours.
function music.selected(session, facts)
  local found = {}
  for _, handle in ipairs(range.selected(session)) do found[#found + 1] = told_of(handle, facts) end
  return found
end

-- Of some music, what reaches into a span of relative frames.
function music.within(items, first, last)
  local found = {}
  for _, item in ipairs(items) do
    if item.first < last and item.last > first then found[#found + 1] = item end
  end
  return found
end

-- The only cue of some music; nil and how many there are.
function music.only_cue(items)
  local found, count, seen = nil, 0, {}
  for _, item in ipairs(items) do
    if not seen[item.cue] then found, count, seen[item.cue] = item.cue, count + 1, true end
  end
  if count == 1 then return found end
  return nil, count
end

local NONE = "there is no music of Hitpoint on this timeline. Run: Score range"
local SEVERAL = "several cues of Hitpoint are meant by this. Put the playhead into one of them, where no other lies, "
  .. "or select its items."

-- The cue meant by the selection, else by the playhead, else the only one there is.
function music.cue_meant(session, facts)
  local chosen = music.selected(session, facts)
  if #chosen > 0 then return music.only_cue(chosen) or host.stop(SEVERAL) end
  local all = music.all(session, facts)
  if #all == 0 then host.stop(NONE) end
  local playhead = timeline.playhead(session, facts)
  local under = playhead and music.within(all, playhead, playhead + 1) or {}
  return music.only_cue(#under > 0 and under or all) or host.stop(SEVERAL)
end

local function stems_of(items)
  local stems, seen = {}, {}
  for _, item in ipairs(items) do
    if not seen[item.stem] then stems[#stems + 1], seen[item.stem] = item.stem, true end
  end
  return stems
end

local function from_selection(chosen)
  local cue = music.only_cue(chosen) or host.stop(SEVERAL)
  local first, last = chosen[1].first, chosen[1].last
  for _, item in ipairs(chosen) do
    first, last = math.min(first, item.first), math.max(last, item.last)
  end
  return { cue = cue, first = math.max(first, 0), last = last, stems = stems_of(chosen), by = "selection" }
end

-- The section under the playhead: the span of a piece, or of a section marker where a stem lies as one item.
local function from_playhead(session, facts, all)
  local playhead = timeline.playhead(session, facts)
  local under = playhead and music.within(all, playhead, playhead + 1) or {}
  if #under == 0 then
    host.stop("nothing says what to re-roll. Select items of Hitpoint's tracks, set in and out marks, "
      .. "or put the playhead into the music.")
  end
  local cue = music.only_cue(under) or host.stop(SEVERAL)
  for _, item in ipairs(under) do
    if item.section then return { cue = cue, first = item.first, last = item.last, by = "playhead" } end
  end
  local first, last = markers.section_at(session, cue, playhead)
  if not first then
    host.stop("the stems lie as one item each here, so no section can be told. "
      .. "Set in and out marks around what to re-roll.")
  end
  return { cue = cue, first = first, last = last, by = "playhead" }
end

-- What to re-roll: cue, first, last and stems (nil: all), from the selected items of ours, else from another
-- selection or the marks, else the section under the playhead.
function music.hole(session, facts)
  local chosen = music.selected(session, facts)
  if #chosen > 0 then return from_selection(chosen) end
  local all = music.all(session, facts)
  if #all == 0 then host.stop(NONE) end
  local span = range.pointed(session, facts)
  if not span then return from_playhead(session, facts, all) end
  local under = music.within(all, span.first, span.last)
  if #under == 0 then host.stop("no music of Hitpoint lies in " .. range.words(span) .. ".") end
  local cue = music.only_cue(under) or host.stop(SEVERAL)
  return { cue = cue, first = span.first, last = span.last, by = span.by }
end

return music
