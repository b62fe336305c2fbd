--- The notes of a cue as muted MIDI items beside its stems, each part on a track of its own in the cue's folder.
--
-- Ticks become seconds by the file's own tempo map, then quarter notes of the project: so the notes lie with the sound
-- whatever the project's tempo is.

return function(rooms)
  local midi = {}
  local EVENTS = 400 -- of the file, per tick
  local QUARTER = 960 -- ticks of a quarter note in REAPER, unless the user has set others

  --- Begin to read the cue's MIDI file; nil and a sentence.
  function midi.begin(placement)
    local path = placement.midi
    local file = path and path ~= "" and io.open(path, "rb")
    if not file then return nil, "there are no notes of this cue" end
    local content = file:read("a")
    file:close()
    local reading, problem = rooms.notes.begin(content)
    if not reading then return nil, ("%s cannot be read: %s"):format(path, problem) end
    reading.turned = 1
    return reading
  end

  -- From ticks to seconds, going forward.
  local function clock(tempos)
    local index, second, tick = 0, 0, 0
    local per_tick = 0.5 / 960
    return function(wanted)
      while tempos[index + 1] and tempos[index + 1].tick <= wanted do
        index = index + 1
        second = second + (tempos[index].tick - tick) * per_tick
        tick, per_tick = tempos[index].tick, tempos[index].per_tick
      end
      return second + (wanted - tick) * per_tick
    end
  end

  -- Some more events of a part in REAPER's form: ticks since the event before, flags, message.
  local function pack(handle, part, zero, quarter, count)
    local origin = reaper.TimeMap2_timeToQN(handle, zero)
    local last, form = math.min(part.done + count, #part.events), string.pack
    for index = part.done + 1, last do
      local event = part.events[index]
      local at = (reaper.TimeMap2_timeToQN(handle, zero + part.clock(event.tick)) - origin) * quarter
      at = math.floor(at + 0.5)
      part.texts[index] = form("<i4Bs4", at - part.tick, 0, event.message)
      part.tick = at
    end
    part.done = last
  end

  local function rewind(reading, part)
    part.clock, part.done, part.tick, part.texts = clock(reading.tempos), 0, 0, {}
  end

  -- Two players of one instrument are two parts.
  local function name_apart(parts)
    local count = {}
    for _, part in ipairs(parts) do
      local name = part.name ~= "" and part.name or "part"
      count[name] = (count[name] or 0) + 1
      part.name = count[name] > 1 and ("%s %d"):format(name, count[name]) or name
    end
  end

  --- Read on; true when every event is ready to be written.
  -- @param zero the second at which the cue will begin
  function midi.read(handle, reading, zero)
    if not reading.whole then
      reading.whole = rooms.notes.read(reading, EVENTS)
      if reading.whole then name_apart(reading.parts) end
      return false
    end
    local part = reading.parts[reading.turned]
    if not part then return true end
    if not part.clock then rewind(reading, part) end
    pack(handle, part, zero, QUARTER, EVENTS)
    part.zero = zero
    if part.done == #part.events then reading.turned = reading.turned + 1 end
    return false
  end

  -- What was made ready holds unless the tempo map, the place or the user's resolution is another one.
  local function fill(handle, take, reading, part, zero, seconds)
    local origin = reaper.TimeMap2_timeToQN(handle, zero)
    local quarter = reaper.MIDI_GetPPQPosFromProjQN(take, origin + 1) - reaper.MIDI_GetPPQPosFromProjQN(take, origin)
    if reading.stale or part.zero ~= zero or math.abs(quarter - QUARTER) > 1e-6 then
      rewind(reading, part)
      pack(handle, part, zero, quarter, #part.events)
    end
    local stop = (reaper.TimeMap2_timeToQN(handle, zero + seconds) - origin) * quarter
    -- The list ends with all notes off at the end of the item.
    local ending = string.pack("<i4Bs4", math.max(0, math.floor(stop + 0.5) - part.tick), 0, "\xB0\x7B\x00")
    reaper.MIDI_SetAllEvts(take, table.concat(part.texts) .. ending)
    reaper.MIDI_Sort(take)
  end

  local function hash(take)
    if not rooms.api.has("MIDI_GetHash") then return "" end
    local _, text = reaper.MIDI_GetHash(take, false)
    return text
  end

  local function item_of(entries, cue, part)
    for _, entry in ipairs(entries) do
      if entry.part == part and entry.cue == cue then return entry.item end
    end
    return nil
  end

  -- Where an item lies and how it sounds, to be compared with how it was laid.
  local function look(item)
    local value = reaper.GetMediaItemInfo_Value
    return (("%.6f %.6f %d %d"):format(value(item, "D_POSITION"), value(item, "D_LENGTH"),
      math.floor(value(item, "B_MUTE")), reaper.CountTakes(item)):gsub(",", "."))
  end

  -- Neither edited nor moved, trimmed, unmuted or given other takes.
  local function untouched(item)
    local take = reaper.GetActiveTake(item)
    if not take or rooms.ours.on_item(item, "laid") ~= look(item) then return false end
    return rooms.ours.on_take(take, "hash") ~= "" and rooms.ours.on_take(take, "hash") == hash(take)
  end

  local function lay(project, placement, reading, part, zero)
    local track = rooms.tracks.child(project.handle, placement.cue, "midi:" .. part.name, part.name .. " (MIDI)")
    local seconds = rooms.placing.seconds(placement)
    local item = reaper.CreateNewMIDIItemInProj(track, zero, zero + seconds, false)
    if not item then return part.name .. ": " .. rooms.placing.LOCKED end
    reaper.SetMediaItemInfo_Value(item, "C_BEATATTACHMODE", 0)
    reaper.SetMediaItemInfo_Value(item, "B_MUTE", 1)
    reaper.SetMediaItemInfo_Value(item, "B_LOOPSRC", 0)
    local take = reaper.GetActiveTake(item)
    reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", part.name, true)
    fill(project.handle, take, reading, part, zero, seconds)
    rooms.ours.mark(rooms.ours.on_item, item, {cue = placement.cue.id, part = part.name, laid = look(item)})
    rooms.ours.mark(rooms.ours.on_take, take, {cue = placement.cue.id, part = part.name, hash = hash(take)})
  end

  --- Write the notes that were read, in place of those of an earlier take that nobody has edited.
  -- @param entries everything of ours that was there before
  -- @return sentences about what was left as it is
  function midi.write(project, placement, reading, zero, entries)
    local said = {}
    for _, part in ipairs(reading.parts) do
      local old = item_of(entries, placement.cue.id, part.name)
      if old and not untouched(old) then
        said[#said + 1] = ("the MIDI item of %s was left as it is: it may have been edited"):format(part.name)
      else
        if old then reaper.DeleteTrackMediaItem(reaper.GetMediaItemTrack(old), old) end
        said[#said + 1] = lay(project, placement, reading, part, zero)
      end
    end
    return said
  end

  return midi
end
