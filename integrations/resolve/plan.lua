-- What is to be done for a stem on a track: what stays, what goes, what is laid. Decides only; changes nothing.
-- A piece wanted: start (absolute), frames, file, section, source (frames of the file), slack (frames it may land
-- short).

local room = ...
local host, naming, timeline = room("host"), room("naming"), room("timeline")

local plan = {}

-- The stem as one piece for each section.
function plan.pieces(stem, base)
  local pieces = {}
  for place, piece in ipairs(host.list(stem.pieces)) do
    pieces[place] = {
      start = base + piece.first,
      frames = piece.frames,
      file = piece.file,
      section = piece.section,
      name = piece.name,
      source = piece.frames,
      slack = 0,
    }
  end
  table.sort(pieces, function(one, other) return one.start < other.start end)
  return pieces
end

-- Timeline frames that come of so many source frames: Resolve rounds down.
local function landed(source, rate, own)
  return math.floor(source * rate.numerator * own.denominator / (rate.denominator * own.numerator))
end

-- The stem as one piece, for a file that Resolve counts at another rate than the timeline's.
-- `second` is the length to try where the file is a frame short of the first one.
function plan.whole(stem, placement, base, rate, own)
  local exact = placement.frames * own.numerator * rate.denominator / (own.denominator * rate.numerator)
  local source = math.ceil(exact - 1e-9)
  if landed(source, rate, own) > placement.frames then source = source - 1 end
  return {
    start = base,
    frames = placement.frames,
    file = stem.file,
    source = source,
    second = math.min(source, math.floor(exact + 1e-9)),
    slack = plan.slack(rate, own),
  }
end

-- Frames that an item may be short of what was asked: none at one rate, else a source frame's worth.
function plan.slack(rate, own)
  if not own or timeline.same_rate(rate, own) then return 0 end
  return math.max(1, math.ceil(rate.numerator * own.denominator / (rate.denominator * own.numerator)))
end

local function fits(item, start, frames, slack)
  local short = frames - item.frames
  return item.start == start and short >= 0 and short <= slack
end

-- Whether an item lies as a piece is wanted.
function plan.in_place(item, piece)
  return item.file ~= nil and fits(item, piece.start, piece.frames, piece.slack) and naming.same(item.file, piece.file)
end

-- Whether the user has done something to an item that can be seen on it.
local function is_marked(handle)
  local colour = host.call(handle, "GetClipColor")
  if type(colour) == "string" and colour ~= "" then return true end
  if host.call(handle, "GetClipEnabled") == false then return true end
  if next(host.list(host.call(handle, "GetMarkers"))) ~= nil then return true end
  local fades = host.list(host.call(handle, "GetFades"))
  if (tonumber(fades.FadeIn) or 0) ~= 0 or (tonumber(fades.FadeOut) or 0) ~= 0 then return true end
  local told = host.list(host.call(handle, "GetProperty"))
  return (tonumber(told.AudioVolume) or 0) ~= 0 or (tonumber(told.AudioPan) or 0) ~= 0
end

-- Where a file of this cue belongs: its section, or the whole cue.
local function home(told, placement)
  if not told.section then return { first = 0, frames = placement.frames } end
  for _, section in ipairs(placement.sections) do
    if section.number == told.section then return section end
  end
  return nil
end

-- Whether an item was laid by us for this stem and cue and is as it was laid: only such an item may be replaced.
function plan.is_untouched(item, stem, placement, base, rate)
  local told = item.file and naming.parse(item.file)
  if not told or told.stem ~= stem.name or not naming.inside(item.file, placement.cue.folder) then return false end
  if told.cue and told.cue ~= placement.cue.id then return false end
  local place = home(told, placement)
  if not place or item.left ~= 0 then return false end
  local own = not told.section and timeline.rate(host.call(item.media, "GetClipProperty", "FPS")) or nil
  return fits(item, base + place.first, place.frames, plan.slack(rate, own)) and not is_marked(item.handle)
end

-- Items that reach into a piece's span. `from` moves on with the pieces, which come in order.
local function over(items, piece, from)
  while items[from] and items[from].start + items[from].frames <= piece.start do from = from + 1 end
  local found, place = {}, from
  while items[place] and items[place].start < piece.start + piece.frames do
    if items[place].start + items[place].frames > piece.start then found[#found + 1] = items[place] end
    place = place + 1
  end
  return found, from
end

-- How a piece stands against what lies in its span: "kept", "edited" (our file, moved or trimmed by the user), else
-- nil.
local function standing(piece, found)
  for _, item in ipairs(found) do
    if plan.in_place(item, piece) and item.left == 0 then return "kept", item end
    if item.file and naming.same(item.file, piece.file) then return "edited", item end
  end
  return nil
end

-- Compare what is wanted with a track: {kept, edited, lay, delete, blocked}. `untouched` judges an item.
-- `blocked` is the first item that stands in the way and must not be replaced.
function plan.compare(pieces, items, untouched)
  local todo, gone, from, found = { kept = {}, edited = {}, lay = {}, delete = {} }, {}, 1, nil
  for _, piece in ipairs(pieces) do
    found, from = over(items, piece, from)
    local stands, where = standing(piece, found)
    if stands then
      table.insert(todo[stands], { piece = piece, start = where.start })
    else
      todo.lay[#todo.lay + 1] = piece
      for _, item in ipairs(found) do
        if not gone[item] and untouched(item) then
          todo.delete[#todo.delete + 1] = item
          gone[item] = true
        elseif not gone[item] then
          todo.blocked = todo.blocked or item
        end
      end
    end
  end
  return todo
end

return plan
