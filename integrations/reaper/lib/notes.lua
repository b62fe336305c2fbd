--- Reads the notes of a standard MIDI file, a few hundred events at a time.

return function()
  local notes = {}
  local DATA_BYTES = {[0x8] = 2, [0x9] = 2, [0xA] = 2, [0xB] = 2, [0xC] = 1, [0xD] = 1, [0xE] = 2}

  --- Begin to read a file's content; nil and a sentence where it is no MIDI file with ticks.
  -- The reading gets `parts`: {name, events}, an event being {tick, message}, and `tempos`: {tick, seconds per tick}.
  function notes.begin(content)
    if content:sub(1, 4) ~= "MThd" or #content < 14 then return nil, "it is no MIDI file" end
    local length, _, tracks, division = (">I4I2I2I2"):unpack(content, 5)
    if division >= 0x8000 then return nil, "its times are no ticks" end
    return {content = content, place = 9 + length, left = tracks, division = division, parts = {}, tempos = {}}
  end

  local function variable(content, place)
    local value = 0
    while true do
      local byte = content:byte(place)
      value, place = (value << 7) | (byte & 0x7F), place + 1
      if byte < 0x80 then return value, place end
    end
  end

  local function open_track(reading)
    local kind, length = reading.content:sub(reading.place, reading.place + 3), nil
    length = (">I4"):unpack(reading.content, reading.place + 4)
    local first = reading.place + 8
    reading.place, reading.left = first + length, reading.left - 1
    if kind == "MTrk" then
      reading.track = {at = first, stop = first + length, tick = 0, part = {name = "", events = {}}}
    end
  end

  local function close_track(reading)
    if #reading.track.part.events > 0 then table.insert(reading.parts, reading.track.part) end
    reading.track = nil
  end

  local function meta(reading, track, kind, text)
    if kind == 0x03 then track.part.name = text end
    if kind == 0x51 then
      local micros = (">I3"):unpack(text)
      table.insert(reading.tempos, {tick = track.tick, per_tick = micros / 1e6 / reading.division})
    end
  end

  local function event(reading, track)
    local content = reading.content
    local delta, at = variable(content, track.at)
    track.tick = track.tick + delta
    local status = content:byte(at)
    if status == 0xFF or status == 0xF0 or status == 0xF7 then
      local kind = content:byte(at + 1)
      local length, first = variable(content, status == 0xFF and at + 2 or at + 1)
      if status == 0xFF then meta(reading, track, kind, content:sub(first, first + length - 1)) end
      track.at = first + length
      return
    end
    if status >= 0x80 then track.status, at = status, at + 1 end
    local bytes = DATA_BYTES[track.status >> 4]
    local message = string.char(track.status) .. content:sub(at, at + bytes - 1)
    table.insert(track.part.events, {tick = track.tick, message = message})
    track.at = at + bytes
  end

  --- Read up to so many events; true when the file is read to its end.
  function notes.read(reading, portion)
    for _ = 1, portion do
      if reading.track and reading.track.at >= reading.track.stop then close_track(reading) end
      if not reading.track then
        if reading.left == 0 then return true end
        open_track(reading)
      else
        event(reading, reading.track)
      end
    end
    return false
  end

  return notes
end
