-- The open timeline in figures. Frames are whole; "relative" counts from the timeline's first frame, "absolute"
-- from 00:00:00:00.

local room = ...
local host = room("host")

local timeline = {}

-- The exact rate behind "23.976", 23.976, 24.0, "29.97 DF": numerator, denominator, frames in a second of timecode.
function timeline.rate(told)
  local text = tostring(told):gsub(",", ".")
  local value = tonumber(text:match("^%s*(%d+%.?%d*)"))
  if not value or value <= 0 then return nil end
  local rate = { numerator = host.whole(value), denominator = 1, drop = text:upper():find("DF", 1, true) ~= nil }
  for _, base in ipairs({ 24, 30, 48, 60, 90, 120 }) do
    if math.abs(value - base * 1000 / 1001) < 0.006 then rate.numerator, rate.denominator = base * 1000, 1001 end
  end
  if rate.denominator == 1 and math.abs(value - rate.numerator) > 0.0005 then
    rate.numerator, rate.denominator = host.whole(value * 1000), 1000
  end
  rate.nominal = math.ceil(rate.numerator / rate.denominator)
  return rate
end

-- Whether two rates are the same one.
function timeline.same_rate(one, other)
  return one.numerator * other.denominator == other.numerator * one.denominator
end

-- Drop-frame: the setting is the truth, else what rate or timecode show; it exists at 29.97, 59.94 and 119.88 alone.
local function is_drop(session, rate)
  if rate.denominator ~= 1001 or rate.nominal % 30 ~= 0 then return false end
  local told = tostring(host.ask(session, "GetSetting", "timelineDropFrameTimecode"))
  if told:match("^[1t]") then return true end
  if told:match("^[0f]") then return false end
  return rate.drop or tostring(host.ask(session, "GetStartTimecode")):find(";", 1, true) ~= nil
end

-- The frame that a timecode names; nil when it is none.
function timeline.frame_of(timecode, rate, drop)
  local hours, minutes, seconds, frames = tostring(timecode):match("^(%d+):(%d+):(%d+)[:;.,](%d+)$")
  if not hours then return nil end
  local passed = hours * 60 + minutes
  local count = (passed * 60 + seconds) * rate.nominal + frames
  if drop then count = count - rate.nominal / 15 * (passed - math.floor(passed / 10)) end
  return host.whole(count)
end

-- What a run needs to know of its timeline: start (absolute), length, rate, drop, sample_rate.
function timeline.read(session)
  local told = host.ask(session, "GetSetting", "timelineFrameRate")
  if told == nil then told = host.list(host.ask(session, "GetSettings")).timelineFrameRate end
  local rate = timeline.rate(told)
  if not rate then
    host.stop("Resolve does not tell the timeline's frame rate (" .. tostring(told)
      .. "). Reopen the timeline and call this again.")
  end
  local start, finish = host.whole(host.ask(session, "GetStartFrame")), host.whole(host.ask(session, "GetEndFrame"))
  if not start or not finish then
    host.stop("Resolve does not tell where the timeline starts and ends. Reopen it and call this again.")
  end
  local sample_rate = host.whole(host.call(session.project, "GetSetting", "timelineSampleRate"))
  return {
    start = start,
    length = finish - start,
    rate = rate,
    drop = is_drop(session, rate),
    sample_rate = sample_rate or 48000,
  }
end

-- The playhead as a relative frame; nil where the open page has none. Both timecodes count alike, so their
-- difference is exact.
function timeline.playhead(session, facts)
  local here = timeline.frame_of(host.ask(session, "GetCurrentTimecode"), facts.rate, facts.drop)
  local start = timeline.frame_of(host.ask(session, "GetStartTimecode"), facts.rate, facts.drop) or facts.start
  return here and here - start
end

-- All items on tracks of one kind, with their absolute start and length; `see` is given each.
function timeline.each_item(session, kind, see)
  for track = 1, host.whole(host.ask(session, "GetTrackCount", kind)) or 0 do
    for _, handle in ipairs(host.list(host.ask(session, "GetItemListInTrack", kind, track))) do
      local start, length = host.whole(host.call(handle, "GetStart")), host.whole(host.call(handle, "GetDuration"))
      if start and length then see(handle, start, length, track) end
    end
  end
end

-- The picture between two relative frames as text: it differs as soon as a cut there has changed.
function timeline.picture(session, facts, first, last)
  local seen = {}
  timeline.each_item(session, "video", function(handle, start, length, track)
    local place = start - facts.start
    if place < last and place + length > first then
      seen[#seen + 1] = table.concat({ track, place, length, tostring(host.call(handle, "GetName")) }, ":")
    end
  end)
  return table.concat(seen, "\n")
end

return timeline
