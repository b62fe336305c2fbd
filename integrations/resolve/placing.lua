-- A placement becomes the timeline: stem by stem, what is there stays, what is ours and untouched and differs is
-- replaced, what the user touched is left and the stem goes to a fresh track. Nothing counts that was not read
-- back.

local room = ...
local host, laying, naming, plan, pool, timeline, tracks =
  room("host"), room("laying"), room("naming"), room("plan"), room("pool"), room("timeline"), room("tracks")

local placing = {}

-- What an item that stands in the way is: of another cue, of this one before its folder was moved, or edited.
local function standing(item, cue)
  local told = item.file and naming.parse(item.file)
  if not told or naming.inside(item.file, cue.folder) then return "is not as Hitpoint laid it there" end
  return told.cue == cue.id and "is from where this cue's folder was before" or "is of another cue"
end

-- Why nothing may be changed on a track; nil when it may, or need not.
local function hindrance(track, todo, complete, cue)
  local name = '"' .. track.name .. '"'
  if #todo.lay == 0 then return nil end
  if track.locked then return "the track " .. name .. " is locked" end
  if not track.stereo then return "the track " .. name .. " is not stereo" end
  if not complete then return "the items on " .. name .. " cannot be read" end
  if todo.blocked then
    return "what lies on " .. name .. " at frame " .. todo.blocked.start .. " " .. standing(todo.blocked, cue)
  end
  return nil
end

-- The track of ours where most is in place already, and what is to be done there; nil and why where none will do.
local function choose(session, place, stem, pieces)
  local best, why
  local function untouched(item)
    return plan.is_untouched(item, stem, place.placement, place.base, place.rate)
  end
  for _, track in ipairs(tracks.of_stem(session, stem.name)) do
    local items, complete = tracks.items(session, track.index)
    local todo = plan.compare(pieces, items, untouched)
    local hinders, score = hindrance(track, todo, complete, place.placement.cue), #todo.kept + #todo.edited + #todo.delete
    if hinders then
      why = why or hinders
    elseif not best or score > best.score then
      best = { track = track, todo = todo, score = score }
    end
  end
  return best, why
end

-- Import what is to be laid: file → pool item, and the first file that Resolve does not read.
local function import(session, place, pieces)
  local files = {}
  for number, piece in ipairs(pieces) do files[number] = piece.file end
  if #files == 0 then return {}, nil end
  local media = pool.import(session, place.placement.cue, files)
  for _, file in ipairs(files) do
    if media[file] == nil then return media, file end
  end
  return media, nil
end

-- The rate of the first pool item that Resolve counts at another rate than the timeline's, as it tells it.
local function foreign_rate(media, rate)
  for _, clip in pairs(media) do
    local told = pool.rate(clip)
    local own = told ~= nil and timeline.rate(told) or nil
    if own and not timeline.same_rate(own, rate) then return own, tostring(told) end
  end
  return nil
end

-- The whole stem as one piece, measured in the rate that Resolve froze for its file.
local function whole_piece(session, place, stem)
  local media, unread = import(session, place, { stem })
  local own = media[stem.file] and timeline.rate(pool.rate(media[stem.file])) or place.rate
  return { plan.whole(stem, place.placement, place.base, place.rate, own) }, unread
end

-- Sections as pieces; the whole stem as one where Resolve would round each piece at another rate. With the pieces
-- comes the first file that Resolve does not read.
local function find_pieces(session, place, stem, result)
  local pieces = plan.pieces(stem, place.base)
  if #pieces == 0 then return whole_piece(session, place, stem) end
  local choice = choose(session, place, stem, pieces)
  local wanted, unread = choice and choice.todo.lay or pieces, nil
  local media = import(session, place, { wanted[1] })
  local own, told = foreign_rate(media, place.rate)
  if not own then
    media, unread = import(session, place, wanted)
    own, told = foreign_rate(media, place.rate)
  end
  if not own then return pieces, unread end
  result.said[#result.said + 1] = "is laid as one item, since Resolve counts its files at " .. told
    .. " frames a second, not at the timeline's rate"
  return whole_piece(session, place, stem)
end

-- Make the chosen track ready, else a fresh one: old items that are replaced are taken away first.
local function make_way(session, stem, pieces, choice, why, result)
  if choice and #choice.todo.delete > 0 and not laying.remove(session, choice.track.name, choice.todo.delete) then
    choice, why = nil, 'Resolve did not delete the earlier items on "' .. choice.track.name .. '"'
  end
  if not choice then
    local track, refused = tracks.add(session, stem.name)
    if not track then return nil, refused end
    choice = { track = track, score = 0, todo = { kept = {}, edited = {}, lay = pieces, delete = {} } }
  end
  if why and choice.score == 0 then
    result.said[#result.said + 1] = 'goes to "' .. choice.track.name .. '", since ' .. why
      .. "; mute or delete there what shall no longer be heard"
  end
  return choice
end

local function fail(result, pieces, why)
  for _, piece in ipairs(pieces) do
    result.failed[#result.failed + 1] = { piece = piece, why = why }
  end
end

-- Write down what a track holds of the stem now.
local function note(result, todo, outcome)
  for _, kind in ipairs({ "kept", "edited" }) do
    for _, one in ipairs(todo[kind]) do
      table.insert(result.present, { piece = one.piece, start = one.start, as = kind })
    end
  end
  for _, piece in ipairs(todo.lay) do
    local item = outcome.landed[piece]
    if item then
      local short = piece.frames - item.frames
      table.insert(result.present, { piece = piece, start = item.start, as = "laid", short = short })
    else
      table.insert(result.failed, { piece = piece, why = outcome.failed[piece] })
    end
  end
  if outcome.strays then table.insert(result.said, outcome.strays) end
end

local function place_stem(session, place, stem, result)
  local pieces, unread = find_pieces(session, place, stem, result)
  result.total = #pieces
  if unread then
    return fail(result, pieces, "Resolve could not read " .. unread .. ", so nothing of this stem was changed")
  end
  local choice, why = choose(session, place, stem, pieces)
  choice, why = make_way(session, stem, pieces, choice, why, result)
  if not choice then return fail(result, pieces, why) end
  result.track = choice.track.name
  local outcome = { landed = {}, failed = {} }
  if #choice.todo.lay > 0 then
    outcome = laying.lay(session, place.placement.cue, choice.track, choice.todo.lay)
  end
  note(result, choice.todo, outcome)
end

-- Look once more at everything that counts as placed: items have been seen to vanish.
local function confirm(session, result)
  local index = result.track and tracks.index_of(session, result.track)
  local items = index and tracks.items(session, index) or {}
  local at, present = {}, {}
  for _, item in ipairs(items) do at[item.start] = item end
  for _, one in ipairs(result.present) do
    local item = at[one.start]
    if item and (one.as == "edited" or plan.in_place(item, one.piece)) then
      present[#present + 1] = one
    else
      table.insert(result.failed, { piece = one.piece, why = "it was there and is gone again" })
    end
  end
  result.present = present
end

local function new_result(stem, base)
  return { name = stem.name, asked = base, total = 0, present = {}, failed = {}, said = {} }
end

-- What has changed under the music since it was asked for, as sentences.
local function changes(placement, facts)
  local said = {}
  if placement.timeline_start and placement.timeline_start ~= facts.start then
    said[1] = "the timeline started at frame " .. placement.timeline_start .. " when this was asked for and starts at "
      .. facts.start .. " now; the music is laid as far from the start as before."
  end
  return said
end

-- Where the placement lies on the open timeline; stops where it cannot be meant for it.
function placing.aim(session, placement)
  local facts = timeline.read(session)
  local numerator, denominator = tostring(placement.rate):match("^(%d+)/(%d+)$")
  local rate = { numerator = tonumber(numerator), denominator = tonumber(denominator) }
  if rate.numerator and not timeline.same_rate(rate, facts.rate) then
    host.stop("the timeline runs at another frame rate than when this was asked for, so nothing was placed. "
      .. "Run: Score range")
  end
  return {
    placement = placement,
    base = facts.start + placement.start,
    rate = facts.rate,
    start = facts.start,
    said = changes(placement, facts),
  }
end

-- Lay all stems; gives a result for each stem begun: name, asked, track, total, present, failed, said.
-- `results` is filled as it goes, so that what was done is known even where the run is stopped midway.
function placing.place(session, place, results)
  for _, stem in ipairs(place.placement.stems) do
    local result = new_result(stem, place.base)
    results[#results + 1] = result
    place_stem(session, place, stem, result)
  end
end

-- Read all tracks once more; what is gone counts as failed.
function placing.confirm(session, results)
  for _, result in ipairs(results) do confirm(session, result) end
end

-- Whether every piece of every stem is where it belongs.
function placing.is_complete(place, results)
  if #results < #place.placement.stems then return false end
  for _, result in ipairs(results) do
    if #result.failed > 0 or #result.present < result.total then return false end
  end
  return true
end

return placing
