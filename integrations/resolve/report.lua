-- What a run did, in lines for the Console. Only what was read back is claimed.

local room = ...
local host = room("host")

local report = {}

local function plural(count, word)
  return count .. " " .. word .. (count == 1 and "" or "s")
end

local function counted(result)
  local counts, short = { laid = 0, kept = 0, edited = 0 }, 0
  for _, one in ipairs(result.present) do
    counts[one.as] = counts[one.as] + 1
    short = math.max(short, one.short or 0)
  end
  return counts, short
end

local function details(result)
  local counts, short = counted(result)
  local parts = {}
  if counts.laid > 0 then parts[#parts + 1] = counts.laid .. " laid" end
  if counts.kept > 0 then parts[#parts + 1] = counts.kept .. " in place already" end
  if counts.edited > 0 then parts[#parts + 1] = counts.edited .. " left as you edited it" end
  if short > 0 then parts[#parts + 1] = plural(short, "frame") .. " shorter than asked" end
  return table.concat(parts, ", ")
end

-- Where the stem's first piece lies; nil when nothing of it is there.
local function landed(result)
  local first
  for _, one in ipairs(result.present) do first = math.min(first or one.start, one.start) end
  return first
end

local function stem_line(result)
  local line, first = result.name .. " asked " .. result.asked, landed(result)
  local share = #result.present < result.total and #result.present .. " of " or ""
  line = line .. (first and " landed " .. first or " not landed")
  line = line .. " (" .. share .. plural(result.total, "piece") .. ")"
  local more = details(result)
  return more == "" and line or line .. ": " .. more
end

-- Failures of one reason are said once: it is the reason that helps.
local function failures(result)
  local order, by = {}, {}
  for _, one in ipairs(result.failed) do
    local why = one.why or "Resolve gave no reason"
    if not by[why] then order[#order + 1], by[why] = why, {} end
    table.insert(by[why], one.piece.start)
  end
  for _, why in ipairs(order) do
    local frames = by[why]
    local where = "at frame " .. table.concat(frames, ", ")
    if #frames > 3 then where = #frames .. " pieces from frame " .. frames[1] end
    host.say(result.name .. " failed " .. where .. ": " .. why .. ".")
  end
end

-- One line for each stem: asked frame, landed frame, pieces; then what there is to say about it.
function report.stems(results)
  for _, result in ipairs(results) do
    host.say(stem_line(result))
    for _, words in ipairs(result.said) do host.say(result.name .. " " .. words .. ".") end
    failures(result)
  end
end

local KINDS = {
  { "set", "set" },
  { "kept", "in place already" },
  { "removed", "of ours removed" },
  { "occupied", "left out, since another marker stands on that frame" },
  { "outside", "left out, since they lie outside the timeline" },
  { "refused", "refused by Resolve" },
}

function report.markers(counts)
  local parts = {}
  for _, kind in ipairs(KINDS) do
    if counts[kind[1]] > 0 then parts[#parts + 1] = counts[kind[1]] .. " " .. kind[2] end
  end
  if #parts > 0 then host.say("markers: " .. table.concat(parts, ", ") .. ".") end
end

-- The sentence about hits: how many the music meets, and what a steady click would.
function report.hits(placement)
  local hits = placement.hits
  if type(hits) ~= "table" or (hits.total or 0) == 0 then return end
  local words = "the music meets " .. hits.met .. " of " .. plural(hits.total, "hit")
  if hits.chance then words = words .. " (a steady click would meet " .. host.whole(hits.chance * 100) .. " %)" end
  host.say(words .. ".")
end

-- Sentences of the program's, each once.
function report.sentences(...)
  local seen = {}
  for _, said in ipairs({ ... }) do
    for _, words in ipairs(said) do
      if not seen[words] then host.say(words) end
      seen[words] = true
    end
  end
end

return report
