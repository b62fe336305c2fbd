--- Holds the user's items and markers in place while the tempo map is written.
--
-- With a time base of beats, which new projects have, REAPER moves and stretches items when the tempo changes. So every
-- item and track gets the time base time first and its own back afterwards; then all is read back.

return function(rooms)
  local pins = {}
  local TIME, INHERIT = 0, -1
  local NEAR_S = 1e-7

  -- Anything that is no time base means the project's.
  local function mode(value)
    value = math.floor(value)
    return (value == 0 or value == 1 or value == 2) and value or INHERIT
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

  --- Read where everything is, as a `scan`.
  function pins.reading(handle)
    return rooms.scan.begin(handle, function() return {} end, function(found, item) found[#found + 1] = told(item) end)
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
    for _, it in ipairs(reading.result) do
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
    for _, it in ipairs(reading.result) do
      if it.mode ~= TIME then reaper.SetMediaItemInfo_Value(it.item, "C_BEATATTACHMODE", it.mode) end
    end
  end

  local function near(one, other)
    local apart = one - other
    return apart < NEAR_S and apart > -NEAR_S
  end

  -- Where the time base stretches, it changes the length; the play rate follows that.
  local function in_place(it)
    local value, item = reaper.GetMediaItemInfo_Value, it.item
    local moved, longer = value(item, "D_POSITION") - it.position, value(item, "D_LENGTH") - it.length
    return moved < NEAR_S and moved > -NEAR_S and longer < NEAR_S and longer > -NEAR_S
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
    for _, it in ipairs(reading.result) do
      if not in_place(it) then mend_item(it) end
    end
    for _, it in ipairs(reading.markers) do mend_marker(reading.handle, it) end
  end

  return pins
end
