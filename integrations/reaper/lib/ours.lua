--- What in a project is ours: tracks, items and takes carry ids in P_EXT, which survives copies, moves and saving.
--
-- cue: the cue's id; stem: its name; take: number of the take that made the file; folder: the cue's folder;
-- start: second at which the cue was laid; file: the stem's file inside the cue's folder; part: of a MIDI item;
-- laid: where and how that one was.

return function(rooms)
  local ours = {}
  local KEY = "P_EXT:hitpoint_"

  local function accessor(call)
    return function(object, name, value)
      local _, text = call(object, KEY .. name, value or "", value ~= nil)
      return text or ""
    end
  end

  --- `ours.on_item(item, name [, value])`: read an id, or write it; "" where there is none.
  ours.on_item = accessor(function(...) return reaper.GetSetMediaItemInfo_String(...) end)
  ours.on_take = accessor(function(...) return reaper.GetSetMediaItemTakeInfo_String(...) end)
  ours.on_track = accessor(function(...) return reaper.GetSetMediaTrackInfo_String(...) end)

  --- Write several ids.
  function ours.mark(on, object, ids)
    for name, value in pairs(ids) do on(object, name, tostring(value)) end
  end

  local function take_in(found, item)
    local cue = ours.on_item(item, "cue")
    if cue == "" then return end
    found[#found + 1] = {
      item = item, cue = cue, stem = ours.on_item(item, "stem"), part = ours.on_item(item, "part"),
    }
  end

  local reading

  --- Look for our items, a portion a tick; true when all were seen. `ours.items` is quick then.
  function ours.read(handle)
    if not reading or reading.handle ~= handle or (reading.done and not rooms.scan.holds(reading)) then
      reading = rooms.scan.begin(handle, function() return {} end, take_in)
    end
    return reading.done or rooms.scan.read(reading)
  end

  --- Every item of ours in the project's order: {item, cue, stem, part}; a part is that of a MIDI item.
  function ours.everything(handle)
    if not reading or reading.handle ~= handle then ours.read(handle) end
    if not (reading.done and rooms.scan.holds(reading)) then rooms.scan.at_once(reading) end
    return reading.result
  end

  --- Every stem item of ours, or of one cue.
  function ours.items(handle, cue)
    local found = {}
    for _, entry in ipairs(ours.everything(handle)) do
      local wanted = entry.stem ~= "" and (not cue or entry.cue == cue)
      if wanted and reaper.ValidatePtr2(handle, entry.item, "MediaItem*") then found[#found + 1] = entry end
    end
    return found
  end

  --- The takes of an item, without the empty ones.
  function ours.takes(item)
    local found = {}
    for index = 0, reaper.CountTakes(item) - 1 do
      local take = reaper.GetTake(item, index)
      if take then found[#found + 1] = take end
    end
    return found
  end

  --- Whether a take plays a stem of a cue.
  function ours.plays(take, cue, stem)
    return ours.on_take(take, "cue") == cue and ours.on_take(take, "stem") == stem
  end

  --- The take of an item that tells where the stem lies in it: the active one if it is ours, else our latest.
  function ours.model(entry)
    local active = reaper.GetActiveTake(entry.item)
    if active and ours.plays(active, entry.cue, entry.stem) then return active end
    local latest
    for _, take in ipairs(ours.takes(entry.item)) do
      if ours.plays(take, entry.cue, entry.stem) then latest = take end
    end
    return latest
  end

  --- Where an item of ours has the cue: its span in project seconds, the cue's time at its start, its play rate.
  function ours.span(entry)
    local model = ours.model(entry)
    if not model then return nil end
    local position = reaper.GetMediaItemInfo_Value(entry.item, "D_POSITION")
    local span = {
      from = position,
      to = position + reaper.GetMediaItemInfo_Value(entry.item, "D_LENGTH"),
      offset = reaper.GetMediaItemTakeInfo_Value(model, "D_STARTOFFS"),
      playrate = reaper.GetMediaItemTakeInfo_Value(model, "D_PLAYRATE"),
    }
    span.zero = position - span.offset / span.playrate
    return span
  end

  --- The cue's time at a project second, seen through an item.
  function ours.cue_time(span, second) return (second - span.from) * span.playrate + span.offset end

  return ours
end
