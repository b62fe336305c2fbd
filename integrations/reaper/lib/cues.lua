--- What a project remembers of each cue, in its ext state: enough to find the cue's folder and its sections again.

return function(rooms)
  local cues = {}
  local SECTION = "hitpoint"

  --- A value of ours in a project's ext state; "" where there is none.
  function cues.read(handle, key)
    local _, text = reaper.GetProjExtState(handle, SECTION, key)
    return text or ""
  end

  --- Keep a value in a project's ext state.
  function cues.write(handle, key, text) reaper.SetProjExtState(handle, SECTION, key, text) end

  --- A rate as in placements ("24000/1001") as two whole numbers.
  function cues.rate(text)
    local over, under = text:match("^(%d+)/(%d+)$")
    return math.tointeger(tonumber(over or text)), math.tointeger(tonumber(under or "1"))
  end

  --- The second of a frame, to the last bit.
  function cues.second(frame, rate)
    local over, under = cues.rate(rate)
    return frame * under / over
  end

  local function sections_text(sections)
    local parts = {}
    for index, section in ipairs(sections or {}) do
      parts[index] = ("%d:%d:%d:%s"):format(section.number, section.first, section.frames, section.name)
    end
    return rooms.record.join(parts)
  end

  local function sections_of(text)
    local sections = {}
    for _, part in ipairs(rooms.record.split(text)) do
      local number, first, frames, name = part:match("^(%d+):(%d+):(%d+):(.*)$")
      if number then
        sections[#sections + 1] = {
          number = tonumber(number), first = tonumber(first), frames = tonumber(frames), name = name,
        }
      end
    end
    return sections
  end

  --- Remember a cue that was laid.
  -- @param chosen the stems that were, where the user has not asked for all
  function cues.remember(project, placement, chosen)
    local folder = placement.cue.folder
    cues.write(project.handle, "cue_" .. placement.cue.id, rooms.record.encode({
      id = placement.cue.id,
      name = placement.cue.name,
      folder = folder,
      relative = rooms.paths.relative(folder, rooms.project.folder(project)) or "",
      rate = placement.rate,
      start = placement.start,
      timeline_start = placement.timeline_start or 0,
      frames = placement.frames,
      sections = sections_text(placement.sections),
      chosen = chosen or "",
    }))
  end

  --- What is remembered of a cue, or nil.
  function cues.recall(handle, id)
    local fields = rooms.record.decode(cues.read(handle, "cue_" .. id))
    if not fields.id then return nil end
    fields.sections = sections_of(fields.sections)
    fields.start = tonumber(fields.start)
    return fields
  end

  local function is_cue(folder, files)
    if reaper.file_exists(folder .. "/cue.json") then return true end
    for file in pairs(files) do
      if reaper.file_exists(folder .. "/" .. file) then return true end
    end
    return false
  end

  -- A media file of ours lies in <cue>/takes/<number>/.
  local function through_media(entry)
    local model = rooms.ours.model(entry)
    local source = model and reaper.GetMediaItemTake_Source(model)
    local path = source and reaper.GetMediaSourceFileName(source) or ""
    return path:match("^(.*)[/\\]takes[/\\]%d+[/\\][^/\\]*$")
  end

  --- The folder of a cue as it is now: where it was, or where the project went with it, or where its sound is.
  -- @param entries the cue's items, as `ours.items` gives them
  -- @return the folder, or nil and a sentence
  function cues.folder(project, id, entries)
    local record, tried, files = cues.recall(project.handle, id) or {}, {}, {}
    for _, entry in ipairs(entries) do
      local model = rooms.ours.model(entry)
      if model then files[rooms.ours.on_take(model, "file")] = true end
    end
    files[""] = nil
    tried[1] = record.folder
    local base = rooms.project.folder(project)
    if record.relative and record.relative ~= "" and base ~= "" then
      tried[#tried + 1] = rooms.paths.join(base, record.relative)
    end
    for _, entry in ipairs(entries) do
      local told = rooms.ours.on_item(entry.item, "folder")
      if told ~= "" then tried[#tried + 1] = told end
      tried[#tried + 1] = through_media(entry)
    end
    for _, folder in ipairs(tried) do
      if is_cue(folder, files) then return folder end
    end
    return nil, ("the folder of the cue %s is not at %s. Put it back there, or beside the project as it was.")
      :format(record.name or id, tried[1] or "any known place")
  end

  return cues
end
