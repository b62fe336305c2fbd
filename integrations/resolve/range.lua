-- Which part of the timeline is meant: selected clips, else marks, else coloured clips, else a duration marker,
-- else all of it. A range has `first` and `last`, relative frames, last exclusive, and `by`, the way it was found.

local room = ...
local host, timeline = room("host"), room("timeline")

local range = {}

-- One of Resolve's 16 clip colours: clips in it are the range where this Resolve tells neither selection nor marks.
range.COLOUR = "Lime"

local function span(by, first, last, facts)
  if not first or not last then return nil end
  return { by = by, first = math.max(first, 0), last = last, whole = facts.length }
end

-- From the first to the last frame of some items.
local function union(by, items, facts)
  local first, last
  for _, item in ipairs(items) do
    local start, length = host.whole(host.call(item, "GetStart")), host.whole(host.call(item, "GetDuration"))
    if start and length then
      local place = start - facts.start
      first = math.min(first or place, place)
      last = math.max(last or place + length, place + length)
    end
  end
  return span(by, first, last, facts)
end

-- Selected timeline items: known from 21.0.4 on.
function range.selected(session)
  return host.list(host.ask(session, "GetSelectedClips"))
end

-- Marks are relative, out is the last frame inside; a side or a kind may be missing.
function range.marks(session, facts)
  local told = host.list(host.ask(session, "GetMarkInOut"))
  local video, audio = host.list(told.video), host.list(told.audio)
  local first = host.whole(video["in"]) or host.whole(audio["in"])
  local last = host.whole(video.out) or host.whole(audio.out)
  if not first and not last then return nil end
  return span("marks", first or 0, last and last + 1 or facts.length, facts)
end

local function coloured(session, facts)
  local found = {}
  for _, kind in ipairs({ "video", "audio" }) do
    timeline.each_item(session, kind, function(handle)
      if host.call(handle, "GetClipColor") == range.COLOUR then found[#found + 1] = handle end
    end)
  end
  return union("colour", found, facts)
end

-- A marker with a duration that is not ours: the one under the playhead, else the only one.
local function marker(session, facts)
  local playhead, found, under = timeline.playhead(session, facts), {}, nil
  for frame, told in pairs(host.list(host.ask(session, "GetMarkers"))) do
    local first, frames = host.whole(frame), host.whole(told.duration) or 1
    if frames > 1 and tostring(told.customData or ""):sub(1, 9) ~= "hitpoint:" then
      found[#found + 1] = span("marker", first, first + frames, facts)
      if playhead and first <= playhead and playhead < first + frames then under = found[#found] end
    end
  end
  return under or (#found == 1 and found[1]) or nil
end

local WORDS = {
  selection = "the selected clips",
  marks = "the in and out marks",
  colour = "the clips coloured " .. range.COLOUR,
  marker = "the duration marker",
  timeline = "the whole timeline, as nothing is selected or marked",
}

-- The range as said to the user.
function range.words(chosen)
  return "frames " .. chosen.first .. " to " .. chosen.last - 1 .. ", from " .. WORDS[chosen.by]
end

local function check(chosen)
  if chosen.last > chosen.first and chosen.first < chosen.whole then return chosen end
  if chosen.by == "timeline" then host.stop("the timeline is empty. Put the picture to be scored on it.") end
  host.stop("the range of " .. WORDS[chosen.by] .. " holds no frame of the timeline. "
    .. "Set in before out, inside the timeline.")
end

-- The range to be scored; stops with a sentence when it is empty.
function range.choose(session, facts)
  return check(union("selection", range.selected(session), facts)
    or range.marks(session, facts)
    or coloured(session, facts)
    or marker(session, facts)
    or span("timeline", 0, facts.length, facts))
end

-- The range the user points at, nil where there is neither selection nor mark.
function range.pointed(session, facts)
  local chosen = union("selection", range.selected(session), facts) or range.marks(session, facts)
  return chosen and check(chosen)
end

return range
