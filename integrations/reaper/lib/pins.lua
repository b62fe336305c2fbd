--- Holds the user's items and markers in place while the tempo map is written.
--
-- With a time base of beats, which new projects have, REAPER moves and stretches items when the tempo changes. So every
-- item and track gets the time base time first and its own back afterwards; then all is read back.

return function(rooms)
  local pins = {}
  local PORTION, ROUNDS = 200, 20
  local TIME, INHERIT = 0, -1
  local NEAR_S = 1e-7

  -- Anything that is no time base means the project's.
  local function mode(value)
    value = math.floor(value)
    return (value == 0 or value == 1 or value == 2) and value or INHERIT
  end

  --- Begin to read where everything is; `pins.read` goes on, a few hundred items a tick.
  function pins.begin(handle)
    return {handle = handle, place = 0, items = {}, rounds = 0, changes = reaper.GetProjectStateChangeCount(handle)}
  end

  local function told(item)
    local take = reaper.GetActiveTake(item)
    return {
      item = item,
      mode = mode(reaper.GetMediaItemInfo_Value(item, "C_BEATATTACHMODE")),
      position = reaper.GetMediaItemInfo_Value(item, "D_POSITION"),
      length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH"),
      take = take,
      playrate = take and reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE"),
    }
  end

  local function portion(reading, size)
    local count = reaper.CountMediaItems(reading.handle)
    local last = math.min(size and reading.place + size or count, count)
    for index = reading.place, last - 1 do
      reading.items[#reading.items + 1] = told(reaper.GetMediaItem(reading.handle, index))
    end
    reading.place = last
    return last >= count
  end

  --- Whether what was read still holds.
  function pins.fresh(reading) return reaper.GetProjectStateChangeCount(reading.handle) == reading.changes end

  --- Read the next portion; true when all is read. A change in between begins anew; a project that never rests is
  -- read at once in the end, see `pins.at_once`.
  function pins.read(reading)
    if not pins.fresh(reading) then
      if reading.rounds == ROUNDS then return true end
      reading.place, reading.items, reading.rounds = 0, {}, reading.rounds + 1
      reading.changes = reaper.GetProjectStateChangeCount(reading.handle)
    end
    return portion(reading, PORTION)
  end

  --- Everything, read in one go.
  function pins.at_once(handle)
    local reading = pins.begin(handle)
    portion(reading)
    return reading
  end

  local function tracks_of(handle)
    local found = {}
    for index = 0, reaper.CountTracks(handle) - 1 do
      local track = reaper.GetTrack(handle, index)
      local own = mode(reaper.GetMediaTrackInfo_Value(track, "C_BEATATTACHMODE"))
      found[#found + 1] = {track = track, mode = own}
    end
    return found
  end

  local function markers_of(handle)
    local found, index = {}, 0
    while true do
      local more, region, position, to, name, number, colour = reaper.EnumProjectMarkers3(handle, index)
      if more == 0 then return found end
      local _, id = reaper.GetSetProjectInfo_String(handle, "MARKER_GUID:" .. index, "", false)
      found[#found + 1] = {id = id, region = region, from = position, to = to, name = name, number = number,
        colour = colour}
      index = index + 1
    end
  end

  --- Pin everything.
  function pins.set(reading)
    reading.tracks, reading.markers = tracks_of(reading.handle), markers_of(reading.handle)
    for _, it in ipairs(reading.items) do
      if it.mode ~= TIME then reaper.SetMediaItemInfo_Value(it.item, "C_BEATATTACHMODE", TIME) end
    end
    for _, it in ipairs(reading.tracks) do
      if it.mode ~= TIME then reaper.SetMediaTrackInfo_Value(it.track, "C_BEATATTACHMODE", TIME) end
    end
  end

  local function unpin(reading)
    for _, it in ipairs(reading.tracks) do
      if it.mode ~= TIME then reaper.SetMediaTrackInfo_Value(it.track, "C_BEATATTACHMODE", it.mode) end
    end
    for _, it in ipairs(reading.items) do
      if it.mode ~= TIME then reaper.SetMediaItemInfo_Value(it.item, "C_BEATATTACHMODE", it.mode) end
    end
  end

  local function near(one, other) return math.abs(one - other) < NEAR_S end

  local function in_place(it)
    return near(reaper.GetMediaItemInfo_Value(it.item, "D_POSITION"), it.position)
      and near(reaper.GetMediaItemInfo_Value(it.item, "D_LENGTH"), it.length)
      and (not it.take or near(reaper.GetMediaItemTakeInfo_Value(it.take, "D_PLAYRATE"), it.playrate))
  end

  local function mend_item(it)
    reaper.SetMediaItemInfo_Value(it.item, "D_POSITION", it.position)
    reaper.SetMediaItemInfo_Value(it.item, "D_LENGTH", it.length)
    if it.take then reaper.SetMediaItemTakeInfo_Value(it.take, "D_PLAYRATE", it.playrate) end
    if not in_place(it) then rooms.block.fail("an item of yours did not stay where it was") end
  end

  local function mend_marker(handle, it)
    local _, index = reaper.GetSetProjectInfo_String(handle, "MARKER_INDEX_FROM_GUID:" .. it.id, "", false)
    index = math.tointeger(tonumber(index))
    if not index then rooms.block.fail("a marker of yours is gone") end
    local _, region, from, to = reaper.EnumProjectMarkers3(handle, index)
    if near(from, it.from) and (not region or near(to, it.to)) then return end
    reaper.SetProjectMarkerByIndex2(handle, index, region, it.from, it.to, it.number, it.name, it.colour, 0)
    _, index = reaper.GetSetProjectInfo_String(handle, "MARKER_INDEX_FROM_GUID:" .. it.id, "", false)
    _, _, from = reaper.EnumProjectMarkers3(handle, math.tointeger(tonumber(index)))
    if not near(from, it.from) then rooms.block.fail("a marker of yours did not stay where it was") end
  end

  --- Give every item and track its own time base back, and see that nothing has moved: what has is put back.
  function pins.release(reading)
    unpin(reading)
    for _, it in ipairs(reading.items) do
      if not in_place(it) then mend_item(it) end
    end
    for _, it in ipairs(reading.markers) do mend_marker(reading.handle, it) end
  end

  return pins
end
