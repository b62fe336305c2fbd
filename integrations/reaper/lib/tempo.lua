--- Writes a cue's tempo map into the project's, at absolute seconds, and closes it so that the rest keeps its grid.

return function(rooms)
  local tempo = {}
  local NEAR_S = 1e-6
  local BEFORE_S = 0.001 -- a ramp that would run into the cue is held this long before it
  local PARTIAL_BAR = 4

  local function point(handle, index)
    local ok, at, _, _, bpm, over, under, ramp = reaper.GetTempoTimeSigMarker(handle, index)
    return ok and {index = index, at = at, bpm = bpm, over = over, under = under, ramp = ramp} or nil
  end

  local function index_at(handle, second)
    local index = reaper.FindTempoTimeSigMarker(handle, second + NEAR_S)
    local found = index >= 0 and point(handle, index)
    return found and math.abs(found.at - second) < NEAR_S and index or nil
  end

  -- A point where one is already is edited: two at one time would hide each other.
  local function set(handle, at, bpm, over, under, ramp)
    local index = index_at(handle, at) or -1
    if not reaper.SetTempoTimeSigMarker(handle, index, at, -1, -1, bpm, over, under, ramp) then
      rooms.block.fail(("REAPER refused a tempo point at %.3f s"):format(at))
    end
  end

  local function allow_partial_bar(handle, at)
    if not rooms.api.has("GetSetTempoTimeSigMarkerFlag") then return end
    local index = index_at(handle, at)
    local flag = index and reaper.GetSetTempoTimeSigMarkerFlag(handle, index, 0, false)
    if flag and flag & 1 ~= 0 then
      reaper.GetSetTempoTimeSigMarkerFlag(handle, index, flag | PARTIAL_BAR, true)
    end
  end

  local function own_times(handle, cue)
    local times = {}
    for index, text in ipairs(rooms.record.split(rooms.cues.read(handle, "tempo_" .. cue))) do
      times[index] = tonumber(text)
    end
    return times
  end

  -- The very first point cannot be removed; if it is ours it is written over.
  local function remove_own(handle, cue)
    for _, second in ipairs(own_times(handle, cue)) do
      local index = index_at(handle, second)
      if index and index > 0 then reaper.DeleteTempoTimeSigMarker(handle, index) end
    end
  end

  local function refuse_if_occupied(handle, from, to, own_first)
    for index = 0, reaper.CountTempoTimeSigMarkers(handle) - 1 do
      local it = point(handle, index)
      local ours = own_first and index == 0
      if it.at > from - NEAR_S and it.at < to - NEAR_S and not ours then
        local where = rooms.range.words(it.at)
        rooms.block.fail(("there is a tempo marker of yours at %s, inside of the music"):format(where))
      end
    end
  end

  local function in_force(handle, second)
    local over, under, bpm = reaper.TimeMap_GetTimeSigAtTime(handle, second)
    local index = reaper.FindTempoTimeSigMarker(handle, second)
    local ruling = index >= 0 and point(handle, index)
    return {bpm = bpm, over = over, under = under, ramp = ruling and ruling.ramp or false}
  end

  local function write_points(handle, placement, zero)
    local times = {}
    for _, it in ipairs(placement.tempo) do
      local at = zero + it.time
      set(handle, at, it.bpm, it.numerator, it.denominator, false)
      if it.numerator > 0 then allow_partial_bar(handle, at) end
      times[#times + 1] = at
    end
    return times
  end

  local function verify(handle, placement, zero)
    for _, it in ipairs(placement.tempo) do
      local index = index_at(handle, zero + it.time)
      local found = index and point(handle, index)
      if not found or math.abs(found.bpm - it.bpm) > 1e-4 then
        rooms.block.fail(("the tempo point at %.3f s did not land"):format(zero + it.time))
      end
    end
  end

  -- Some builds apply the map only when a point is written once more.
  local function settle(handle, second)
    local it = point(handle, index_at(handle, second))
    reaper.SetTempoTimeSigMarker(handle, it.index, it.at, -1, -1, it.bpm, it.over, it.under, it.ramp)
  end

  -- The project's own tempo as a point at its start, so that what comes before the music keeps its grid.
  local function init(handle)
    if reaper.CountTempoTimeSigMarkers(handle) > 0 then return end
    local start = in_force(handle, 0)
    set(handle, 0, start.bpm, start.over, start.under, false)
  end

  -- Seconds as texts that keep every bit.
  local function texts(times)
    local found = {}
    for index, value in ipairs(times) do found[index] = (("%.17g"):format(value):gsub(",", ".")) end
    return found
  end

  --- Write the tempo map of a placement. Raises a sentence; the block is then undone.
  -- @param reading of `pins`, read to its end and still fresh
  function tempo.write(handle, placement, zero, reading)
    local last = zero + rooms.placing.seconds(placement)
    local own = own_times(handle, placement.cue.id)
    local own_first = own[1] ~= nil and own[1] < NEAR_S
    -- Where our map begins with the project, only its closing point still knows the tempo from before.
    local after = own_first and in_force(handle, own[#own])
    rooms.pins.set(reading)
    remove_own(handle, placement.cue.id)
    refuse_if_occupied(handle, zero, last, own_first)
    local before = in_force(handle, zero)
    after = after or in_force(handle, last)
    init(handle)
    local closed = index_at(handle, last) ~= nil
    local times = {}
    if before.ramp and zero > BEFORE_S then
      local held = in_force(handle, zero - BEFORE_S)
      set(handle, zero - BEFORE_S, held.bpm, 0, 0, false)
      times[1] = zero - BEFORE_S
    end
    for _, at in ipairs(write_points(handle, placement, zero)) do times[#times + 1] = at end
    if not closed then
      set(handle, last, after.bpm, after.over, after.under, after.ramp)
      allow_partial_bar(handle, last)
      times[#times + 1] = last
    end
    settle(handle, times[#times])
    verify(handle, placement, zero)
    rooms.pins.release(reading)
    rooms.cues.write(handle, "tempo_" .. placement.cue.id, rooms.record.join(texts(times)))
  end

  return tempo
end
