--- Hits as markers and sections as regions of the project, or as markers of the takes. Ours are known by their GUIDs,
-- which the project keeps: only these are ever removed.

return function(rooms)
  local marks = {}
  local COLOURS = {section = {96, 125, 139}, met = {76, 175, 80}, missed = {229, 57, 53}}

  local function native(name)
    local colour = COLOURS[name]
    return reaper.ColorToNative(colour[1], colour[2], colour[3]) | 0x1000000
  end

  local function guid(handle, index)
    local _, id = reaper.GetSetProjectInfo_String(handle, "MARKER_GUID:" .. index, "", false)
    return id
  end

  local function all_ids(handle)
    local ids = {}
    for index = 0, reaper.CountProjectMarkers(handle) - 1 do ids[guid(handle, index)] = true end
    return ids
  end

  --- GUIDs of every marker and region that we made for any cue, as a set.
  function marks.own_ids(handle)
    local ids, index = {}, 0
    while true do
      local more, key, text = reaper.EnumProjExtState(handle, "hitpoint", index)
      if not more then return ids end
      if key:lower():match("^marks_") then
        for _, id in ipairs(rooms.record.split(text)) do ids[id] = true end
      end
      index = index + 1
    end
  end

  -- Remove what we wrote for a cue; false where the user has removed all of it already.
  local function remove(handle, cue_id)
    local own, removed = rooms.record.split(rooms.cues.read(handle, "marks_" .. cue_id)), 0
    for _, id in ipairs(own) do
      local _, index = reaper.GetSetProjectInfo_String(handle, "MARKER_INDEX_FROM_GUID:" .. id, "", false)
      index = math.tointeger(tonumber(index))
      if index and index >= 0 and guid(handle, index) == id then
        reaper.DeleteProjectMarkerByIndex(handle, index)
        removed = removed + 1
      end
    end
    return #own == 0 or removed > 0
  end

  --- The markers that are wanted: sections and hits, or hits alone.
  local function wanted(placement, which)
    local found = {}
    for _, marker in ipairs(placement.markers or {}) do
      if marker.kind == "hit" or (marker.kind == "section" and which == "all") then found[#found + 1] = marker end
    end
    return found
  end

  local function label(marker)
    if marker.kind == "section" then return "Section " .. marker.name end
    local note = marker.note or ""
    return note ~= "" and ("%s (%s)"):format(marker.name, note) or marker.name
  end

  local function colour_of(marker)
    if marker.kind == "section" then return native("section") end
    return native(marker.met and "met" or "missed")
  end

  local function add(handle, placement, marker, zero)
    local region = marker.kind == "section"
    local from = rooms.placing.second(placement, zero, marker.first)
    local to = region and rooms.placing.second(placement, zero, marker.first + marker.frames) or 0
    reaper.AddProjectMarker2(handle, region, from, to, label(marker), -1, colour_of(marker))
  end

  --- Write the cue's markers and regions in place of those that we wrote before; what the user removed stays away.
  function marks.write(handle, placement, zero, which)
    local cue = placement.cue.id
    if not remove(handle, cue) then return end
    local before, ids = all_ids(handle), {}
    for _, marker in ipairs(wanted(placement, which)) do add(handle, placement, marker, zero) end
    for id in pairs(all_ids(handle)) do
      if not before[id] then ids[#ids + 1] = id end
    end
    table.sort(ids)
    rooms.cues.write(handle, "marks_" .. cue, rooms.record.join(ids))
  end

  --- Write the markers into a new take of ours, where they go with its sound.
  function marks.write_into(take, placement, which)
    for _, marker in ipairs(wanted(placement, which)) do
      local second = rooms.cues.second(marker.first, placement.rate)
      reaper.SetTakeMarker(take, -1, label(marker), second, colour_of(marker))
    end
  end

  return marks
end
