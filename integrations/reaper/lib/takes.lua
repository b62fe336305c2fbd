--- Brings the items of a cue to the takes of a placement: what is there becomes active, what is missing is added.
-- Position and length of an item are never touched; older takes stay.

return function(rooms)
  local takes = {}

  -- What the user may have set on the take that plays, and the new one plays with too.
  local COPIED = {
    "D_STARTOFFS", "D_PLAYRATE", "D_PITCH", "B_PPITCH", "D_VOL", "D_PAN", "D_PANLAW", "I_CHANMODE", "I_PITCHMODE",
    "I_CUSTOMCOLOR",
  }

  local function copy_stretch_markers(from, to)
    if not rooms.api.has("GetTakeStretchMarker") then return end
    for index = 0, reaper.GetTakeNumStretchMarkers(from) - 1 do
      local _, position, in_source = reaper.GetTakeStretchMarker(from, index)
      reaper.SetTakeStretchMarker(to, -1, position, in_source)
    end
  end

  local function copy_effects(from, to)
    if not rooms.api.has("TakeFX_CopyToTake") then return end
    for index = 0, reaper.TakeFX_GetCount(from) - 1 do reaper.TakeFX_CopyToTake(from, index, to, index, false) end
  end

  -- What cannot be copied is said.
  local function left_behind(from)
    if rooms.api.has("CountTakeEnvelopes") and reaper.CountTakeEnvelopes(from) > 0 then
      return "the envelopes of the older take stay with it"
    end
    local source = reaper.GetMediaItemTake_Source(from)
    if source and reaper.GetMediaSourceType(source) == "SECTION" then
      return "the older take plays a section or backwards, the new one plays the file"
    end
    return nil
  end

  local function copy(from, to)
    for _, name in ipairs(COPIED) do
      local value = reaper.GetMediaItemTakeInfo_Value(from, name)
      reaper.SetMediaItemTakeInfo_Value(to, name, value)
    end
    copy_stretch_markers(from, to)
    copy_effects(from, to)
  end

  local function holding(entry, stem)
    for _, take in ipairs(rooms.ours.takes(entry.item)) do
      if rooms.ours.plays(take, entry.cue, stem.name) and rooms.ours.on_take(take, "take") == tostring(stem.take) then
        return take
      end
    end
    return nil
  end

  local function add(entry, placement, pool, stem, seed)
    local model = rooms.ours.model(entry)
    if not model then return nil, "an item without a take of ours was left as it is" end
    local said = left_behind(model)
    local source = rooms.sources.take(pool, stem)
    local take = rooms.placing.add_take(entry.item, source, placement, stem, seed)
    if not take then
      rooms.sources.return_to(pool, stem, source)
      return nil, rooms.placing.LOCKED
    end
    copy(model, take)
    reaper.SetActiveTake(take)
    return take, said
  end

  -- One item: its take, whether it is new, and what there is to say.
  local function bring(entry, placement, pool, stem, flip, seed)
    local take, said = holding(entry, stem)
    local new = not take
    if new then
      take, said = add(entry, placement, pool, stem, seed)
    elseif flip and reaper.GetActiveTake(entry.item) ~= take then
      reaper.SetActiveTake(take)
    else
      return nil, false, nil
    end
    if take then rooms.placing.mark_item(entry.item, placement, stem) end
    return take, new, said
  end

  local function by_stem(entries)
    local groups = {}
    for _, entry in ipairs(entries) do
      groups[entry.stem] = groups[entry.stem] or {}
      table.insert(groups[entry.stem], entry)
    end
    return groups
  end

  --- The second at which the cue begins in the project: where it was laid, unless all of it was moved.
  function takes.zero(entries, placement)
    local start, moved = rooms.placing.start(placement), nil
    for _, entry in ipairs(entries) do
      local span = rooms.ours.span(entry)
      if span then
        if math.abs(span.zero - start) < 1e-6 then return start end
        moved = moved or span.zero
      end
    end
    return moved or start
  end

  local function chosen(project, cue, stem)
    local record = rooms.cues.recall(project.handle, cue)
    local names = record and rooms.record.split(record.chosen) or {}
    for _, name in ipairs(names) do
      if name == stem then return true end
    end
    return #names == 0
  end

  -- A stem whose items are gone: laid anew where this take changed it, else left away.
  local function without_item(project, placement, pool, stem, zero, action, seed)
    if not chosen(project, placement.cue.id, stem.name) then return nil end
    if action ~= "reroll" or stem.take ~= placement.take then
      return {stem = stem, said = {"its item was deleted; it is left away"}}
    end
    local track = rooms.tracks.child(project.handle, placement.cue, stem.name)
    local source = rooms.sources.take(pool, stem)
    local item, take = rooms.placing.item(track, source, placement, stem, zero, seed)
    if not item then
      rooms.sources.return_to(pool, stem, source)
      return {stem = stem, said = {rooms.placing.LOCKED}}
    end
    local said = {"its item was deleted; it is laid anew"}
    return {stem = stem, item = item, take = take, zero = zero, whole = true, said = said}
  end

  -- Whether a re-roll leaves a stem as it plays: the user may have chosen another take of it in REAPER.
  local function flips(action, placement, stem) return action ~= "reroll" or stem.take == placement.take end

  --- Whether anything would change.
  function takes.pending(project, placement, action)
    local groups = by_stem(rooms.ours.items(project.handle, placement.cue.id))
    for _, stem in ipairs(placement.stems) do
      for _, entry in ipairs(groups[stem.name] or {}) do
        local take = holding(entry, stem)
        local plays = take and reaper.GetActiveTake(entry.item) == take
        if not take or (flips(action, placement, stem) and not plays) then return true end
      end
      if not groups[stem.name] and action == "reroll" and stem.take == placement.take then return true end
    end
    return false
  end

  --- Bring every item of a cue to its placement.
  -- A re-roll flips only stems that it changed; next and previous flip all of them.
  -- @param entries the cue's items
  -- @return rows for the report: {stem, item, take, zero, new, whole, said}
  function takes.reconcile(project, placement, entries, pool, action, seed)
    local groups, zero, rows = by_stem(entries), takes.zero(entries, placement), {}
    for _, stem in ipairs(placement.stems) do
      local flip = flips(action, placement, stem)
      for _, entry in ipairs(groups[stem.name] or {}) do
        local take, new, said = bring(entry, placement, pool, stem, flip, seed)
        if take or said then
          rows[#rows + 1] = {
            stem = stem, item = entry.item, take = take, new = new, zero = zero, said = said and {said} or nil,
          }
        end
      end
      if not groups[stem.name] then
        rows[#rows + 1] = without_item(project, placement, pool, stem, zero, action, seed)
      end
    end
    return rows
  end

  return takes
end
