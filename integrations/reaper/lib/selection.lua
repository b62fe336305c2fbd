--- Which cue, which stems and which part of it the user means: from selected items or tracks of ours, time and cursor.

return function(rooms)
  local selection = {}
  local NONE = "there is no music of Hitpoint's in this project yet. Call Score range first."
  local SEVERAL = "music of several cues is meant (%s). Select an item of the one."

  local function selected_entries(entries)
    local found = {}
    for _, entry in ipairs(entries) do
      if reaper.IsMediaItemSelected(entry.item) then found[#found + 1] = entry end
    end
    return found
  end

  local function selected_tracks(handle)
    local found = {}
    for index = 0, reaper.CountSelectedTracks(handle) - 1 do
      local track = reaper.GetSelectedTrack(handle, index)
      local cue = rooms.ours.on_track(track, "cue")
      if cue ~= "" then found[#found + 1] = {cue = cue, stem = rooms.ours.on_track(track, "stem")} end
    end
    return found
  end

  local function overlapping(entries, from, to)
    local found = {}
    for _, entry in ipairs(entries) do
      local span = rooms.ours.span(entry)
      if span and span.from <= to and span.to >= from then found[#found + 1] = entry end
    end
    return found
  end

  local function distinct(entries, name)
    local seen, values = {}, {}
    for _, entry in ipairs(entries) do
      if not seen[entry[name]] then
        seen[entry[name]] = true
        values[#values + 1] = entry[name]
      end
    end
    return values
  end

  local function names(handle, ids)
    local found = {}
    for index, id in ipairs(ids) do found[index] = (rooms.cues.recall(handle, id) or {}).name or id end
    return table.concat(found, ", ")
  end

  -- The first of several ways that says anything: selected items, selected tracks, time, all there is.
  local function candidates(handle, entries)
    local chosen = selected_entries(entries)
    if #chosen > 0 then return chosen, chosen end
    local tracks = selected_tracks(handle)
    if #tracks > 0 then return tracks, tracks end
    local span = rooms.range.time_selection(handle)
    local cursor = reaper.GetCursorPositionEx(handle)
    local near = overlapping(entries, span and span.from or cursor, span and span.to or cursor)
    return #near > 0 and near or entries, {}
  end

  local function stems_of(chosen)
    local stems = distinct(chosen, "stem")
    for _, stem in ipairs(stems) do
      if stem == "" or stem:match("^midi:") then return {} end -- the folder track stands for all
    end
    return stems
  end

  --- The cue that is meant.
  -- @return {id, entries, selected, stems}, or nil and a sentence; no stems are all stems
  function selection.cue(project)
    local all = rooms.ours.items(project.handle)
    local found, chosen = candidates(project.handle, all)
    local ids = distinct(found, "cue")
    if #ids == 0 then return nil, NONE end
    if #ids > 1 then return nil, SEVERAL:format(names(project.handle, ids)) end
    local entries = {}
    for _, entry in ipairs(all) do
      if entry.cue == ids[1] then entries[#entries + 1] = entry end
    end
    if #entries == 0 then return nil, NONE end
    local selected = selected_entries(entries)
    return {id = ids[1], entries = entries, selected = selected, stems = stems_of(chosen)}
  end

  -- The item through which project time is seen as the cue's: a selected one, or any that lies there.
  local function lens(cue, from, to)
    for _, entries in ipairs({cue.selected, cue.entries}) do
      for _, entry in ipairs(entries) do
        local span = rooms.ours.span(entry)
        if span and span.from < to and span.to > from then return span, entry end
      end
    end
    return nil
  end

  local function start_of(cue, entry, handle)
    local told = tonumber(rooms.ours.on_item(entry.item, "start"))
    if told then return told end
    local record = rooms.cues.recall(handle, cue.id)
    return record and record.start and rooms.cues.second(record.start, record.rate)
  end

  local function section_at(record, seconds)
    for _, section in ipairs(record.sections) do
      local from = rooms.cues.second(section.first, record.rate)
      local to = rooms.cues.second(section.first + section.frames, record.rate)
      if seconds >= from and seconds < to then return from, to, section end
    end
    return nil
  end

  --- The stems that were laid, where those were not all of them.
  function selection.laid(project, cue)
    local record = rooms.cues.recall(project.handle, cue.id)
    return record and rooms.record.split(record.chosen) or {}
  end

  -- The same in project seconds as when the cue was scored, with the span of the whole cue as it is now.
  local function answer(view, start, record, from, to)
    local seconds = record and rooms.cues.second(tonumber(record.frames), record.rate) or to
    return {
      from = start + math.max(0, from), to = start + math.min(seconds, to), shift = start - view.zero,
      whole = {from = view.zero, to = view.zero + seconds},
    }
  end

  --- The part of a cue that is to be written again, in project seconds as when it was scored.
  -- @return {from, to, shift, whole = {from, to}}, or nil and a sentence
  function selection.part(project, cue)
    local span = rooms.range.time_selection(project.handle)
    local cursor = reaper.GetCursorPositionEx(project.handle)
    local view, entry = lens(cue, span and span.from or cursor, span and span.to or cursor + 1e-9)
    if not view then
      return nil, span and "the time selection does not touch the music."
        or "put the cursor into the section that is to be written again, or make a time selection."
    end
    local start = start_of(cue, entry, project.handle)
    if not start then return nil, "the project does not say where this cue began. Score the range again." end
    local record = rooms.cues.recall(project.handle, cue.id)
    if span then
      return answer(view, start, record, rooms.ours.cue_time(view, span.from), rooms.ours.cue_time(view, span.to))
    end
    local from, to = section_at(record or {sections = {}}, rooms.ours.cue_time(view, cursor))
    if not from then return nil, "no section of the music is under the cursor. Make a time selection." end
    return answer(view, start, record, from, to)
  end

  return selection
end
