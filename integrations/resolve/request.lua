-- Requests: the name of the exported timeline says what OTIO does not hold.

local room = ...
local host = room("host")

local request = {}

local LIMIT = 180
local ORDER =
  { "id", "do", "v", "p", "t", "in", "out", "df", "sr", "seed", "cue", "of", "stems", "e", "s", "us", "mk", "nm" }
local NAME_BYTES = 16

-- Characters beyond the plain ones as =XX, so that a name is ASCII on every system.
local function escape(text)
  return (text:gsub("[^%w%-]", function(character) return string.format("=%02X", character:byte()) end))
end

-- Two bytes, bit by bit: Lua has bit operators in some of its versions only.
local function xor(a, b)
  local answer, bit = 0, 1
  while a > 0 or b > 0 do
    if a % 2 ~= b % 2 then answer = answer + bit end
    a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
  end
  return answer
end

-- FNV-1a, 32 bits, as 8 hex digits. The prime 16777619 is 2^24 + 403: multiplied in parts, it stays exact in a
-- double.
function request.hash(text)
  local value = 2166136261
  for place = 1, #text do
    local low = value % 256
    value = value - low + xor(low, text:byte(place))
    value = ((value % 256) * 16777216 + value * 403) % 4294967296
  end
  local low = value % 65536
  return string.format("%04x%04x", math.floor((value - low) / 65536), low)
end

local minted = 0

-- A new id: time, clock, a counter and a table's address never meet twice.
function request.id()
  minted = minted + 1
  local clock = host.field(host.global("os"), "clock")
  local seed = table.concat({ tostring(host.time()), tostring(clock and clock()), tostring(minted), tostring({}) }, " ")
  return request.hash(seed) .. request.hash(seed .. "+"):sub(1, 4)
end

-- The first bytes of a name, never half a character.
local function shortened(text)
  if #text <= NAME_BYTES then return text end
  local last = NAME_BYTES
  while last > 0 and text:byte(last + 1) >= 128 and text:byte(last + 1) < 192 do last = last - 1 end
  return text:sub(1, last)
end

local function joined(fields, without)
  local parts = { "hp1" }
  for _, key in ipairs(ORDER) do
    local value = fields[key]
    if type(value) == "table" then value = table.concat(value, "-") end
    if value ~= nil and value ~= "" and key ~= without then
      if key == "nm" then value = shortened(value) end
      parts[#parts + 1] = key .. "-" .. escape(tostring(value))
    end
  end
  return table.concat(parts, "_") .. ".otio"
end

-- The file name of a request; the timeline's name is the first to go where it grows too long.
function request.name(fields)
  local name = joined(fields)
  if #name > LIMIT then name = joined(fields, "nm") end
  return name
end

-- What every request says: who asks, in which version, from which project and timeline.
function request.fields(session, action)
  return {
    id = request.id(),
    ["do"] = action,
    v = session.settings.version:gsub("%.", "-"),
    p = request.hash(session.project_id),
    t = request.hash(session.timeline_id),
  }
end

-- How answers of this timeline are listed.
function request.key(session)
  return request.hash(session.project_id) .. "-" .. request.hash(session.timeline_id)
end

return request
