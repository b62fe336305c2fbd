--- The folder track of a cue and its children, with folder depths that leave everybody else's nesting as it was.

return function(rooms)
  local tracks = {}
  local COLOURS = {
    drums = {196, 78, 82}, bass = {129, 114, 179}, harmony = {85, 140, 170}, melody = {85, 168, 104},
    effects = {204, 160, 80},
  }

  local function depth(track) return math.floor(reaper.GetMediaTrackInfo_Value(track, "I_FOLDERDEPTH")) end

  local function set_depth(track, value) reaper.SetMediaTrackInfo_Value(track, "I_FOLDERDEPTH", value) end

  local function rename(track, name) reaper.GetSetMediaTrackInfo_String(track, "P_NAME", name, true) end

  --- A new track at an index, without the user's defaults for new tracks.
  local function insert(handle, index)
    if rooms.api.has("InsertTrackInProject") then
      reaper.InsertTrackInProject(handle, index, 0)
    else
      reaper.InsertTrackAtIndex(index, false) -- acts on the active tab; whoever calls has waited for it
    end
    return reaper.GetTrack(handle, index)
  end

  -- The last place that is inside of no folder: the project's end, or before a folder that is never closed.
  local function top_level(handle)
    local level, place = 0, 0
    for index = 0, reaper.CountTracks(handle) - 1 do
      level = math.max(0, level + depth(reaper.GetTrack(handle, index)))
      if level == 0 then place = index + 1 end
    end
    return place
  end

  local function dress(track, cue, name, stem)
    rename(track, name)
    rooms.ours.mark(rooms.ours.on_track, track, {cue = cue, stem = stem})
    local colour = COLOURS[stem]
    if colour then
      local native = reaper.ColorToNative(colour[1], colour[2], colour[3]) | 0x1000000
      reaper.SetMediaTrackInfo_Value(track, "I_CUSTOMCOLOR", native)
    end
    return track
  end

  --- A new folder track for a cue with one child per name.
  -- @return children by name
  function tracks.make(handle, cue, names)
    local index, children = top_level(handle), {}
    set_depth(dress(insert(handle, index), cue.id, "Hitpoint: " .. cue.name, ""), 1)
    for place, name in ipairs(names) do
      local child = dress(insert(handle, index + place), cue.id, name, name)
      set_depth(child, place == #names and -1 or 0)
      children[name] = child
    end
    return children
  end

  local function find(handle, cue, stem)
    for index = 0, reaper.CountTracks(handle) - 1 do
      local track = reaper.GetTrack(handle, index)
      if rooms.ours.on_track(track, "cue") == cue and rooms.ours.on_track(track, "stem") == stem then
        return track, index
      end
    end
    return nil
  end

  -- The last track of the folder at an index, and the level in front of it; nil when it has no children.
  local function last_child(handle, folder_index)
    local level, count = depth(reaper.GetTrack(handle, folder_index)), reaper.CountTracks(handle)
    if level < 1 or folder_index + 1 >= count then return nil end
    level = 1
    for index = folder_index + 1, count - 1 do
      local own = depth(reaper.GetTrack(handle, index))
      if level + own <= 0 or index == count - 1 then return index, level end
      level = level + own
    end
  end

  --- The child track of a stem; where it is gone it is made anew at the end of the cue's folder.
  -- @param name what the track is shown as, where it is not the stem's name
  function tracks.child(handle, cue, stem, name)
    local child = find(handle, cue.id, stem)
    if child then return child end
    local folder, index = find(handle, cue.id, "")
    if not folder then return tracks.make(handle, cue, {stem})[stem] end
    name = name or stem
    local last, level = last_child(handle, index)
    if not last then
      -- Without children the folder track itself may have closed outer folders: its new child does that now.
      local closing = math.min(0, depth(folder)) - 1
      child = dress(insert(handle, index + 1), cue.id, name, stem)
      set_depth(folder, 1)
      set_depth(child, closing)
      return child
    end
    -- The new last track closes what the old one closed; the old one closes only what is nested inside of our folder.
    local before = reaper.GetTrack(handle, last)
    local closing = math.min(-1, depth(before) + level - 1)
    child = dress(insert(handle, last + 1), cue.id, name, stem)
    set_depth(before, 1 - level)
    set_depth(child, closing)
    return child
  end

  --- Whether tracks can only be made in the active tab.
  function tracks.need_active_tab() return not rooms.api.has("InsertTrackInProject") end

  return tracks
end
