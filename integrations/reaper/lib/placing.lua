--- Lays a stem as one item: at the exact second of its frame, exactly as long, with nothing that REAPER would add.

return function(rooms)
  local placing = {}

  -- No loop, no fades by preference, and time as its time base: a tempo map never moves it.
  local PLAIN = {
    {"C_BEATATTACHMODE", 0}, {"B_LOOPSRC", 0}, {"D_FADEINLEN", 0}, {"D_FADEOUTLEN", 0},
    {"D_FADEINLEN_AUTO", -1}, {"D_FADEOUTLEN_AUTO", -1}, {"D_SNAPOFFSET", 0},
  }

  --- The length of every stem, in seconds.
  function placing.seconds(placement) return rooms.cues.second(placement.frames, placement.rate) end

  --- The second of the cue's first frame as it was asked for.
  function placing.start(placement) return rooms.cues.second(placement.start, placement.rate) end

  --- The second of one of the cue's frames, to the last bit where the cue is where it was asked for.
  function placing.second(placement, zero, frame)
    if zero == placing.start(placement) then return rooms.cues.second(placement.start + frame, placement.rate) end
    return zero + rooms.cues.second(frame, placement.rate)
  end

  -- The name of a take: the take that made the file, and its seed where that is known.
  local function take_name(placement, stem, seed)
    local own = stem.seed or (stem.take == placement.take and seed) or nil
    return own and ("take %d seed %d"):format(stem.take, own) or ("take %d"):format(stem.take)
  end

  placing.LOCKED = "REAPER adds nothing here: is the track locked?"

  --- Put a source into an item as a new take of ours, and make it the active one; nil where REAPER adds none.
  function placing.add_take(item, source, placement, stem, seed)
    local take = reaper.AddTakeToMediaItem(item)
    if not take then return nil end
    if not reaper.SetMediaItemTake_Source(take, source) then
      rooms.block.fail(("REAPER does not take the sound of %s: %s"):format(stem.name, stem.file))
    end
    reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", take_name(placement, stem, seed), true)
    rooms.ours.mark(rooms.ours.on_take, take, {
      cue = placement.cue.id, stem = stem.name, take = stem.take, folder = placement.cue.folder,
      file = rooms.paths.relative(stem.file, placement.cue.folder) or stem.file,
    })
    reaper.SetActiveTake(take)
    return take
  end

  --- Write what an item says of itself.
  function placing.mark_item(item, placement, stem)
    rooms.ours.mark(rooms.ours.on_item, item, {
      cue = placement.cue.id, stem = stem.name, take = stem.take, folder = placement.cue.folder,
      start = ("%.17g"):format(placing.start(placement)):gsub(",", "."),
    })
  end

  --- A new item that plays a whole stem.
  -- @param zero the second of the cue's first frame
  -- @return item and take; nil where REAPER adds none
  function placing.item(track, source, placement, stem, zero, seed)
    local item = reaper.AddMediaItemToTrack(track)
    if not item then return nil end
    for _, pair in ipairs(PLAIN) do reaper.SetMediaItemInfo_Value(item, pair[1], pair[2]) end
    reaper.SetMediaItemInfo_Value(item, "D_POSITION", zero)
    reaper.SetMediaItemInfo_Value(item, "D_LENGTH", placing.seconds(placement))
    local take = placing.add_take(item, source, placement, stem, seed)
    reaper.SetMediaItemTakeInfo_Value(take, "D_STARTOFFS", 0)
    reaper.SetMediaItemTakeInfo_Value(take, "D_PLAYRATE", 1)
    placing.mark_item(item, placement, stem)
    return item, take
  end

  --- A folder track for the cue, and every stem in it.
  -- @return what was laid, for the report: {stem, item, take, zero}
  function placing.lay(project, placement, pool, zero, seed)
    local names, laid = {}, {}
    for index, stem in ipairs(placement.stems) do names[index] = stem.name end
    local children = rooms.tracks.make(project.handle, placement.cue, names)
    for _, stem in ipairs(placement.stems) do
      local source = rooms.sources.take(pool, stem)
      local item, take = placing.item(children[stem.name], source, placement, stem, zero, seed)
      if not item then rooms.block.fail(stem.name .. ": " .. placing.LOCKED) end
      laid[#laid + 1] = {stem = stem, item = item, take = take, zero = zero, whole = true}
    end
    return laid
  end

  return placing
end
