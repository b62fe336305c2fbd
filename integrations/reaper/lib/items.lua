--- The plain list of what lies in a range: items with the part of their media that is heard or seen, and markers.
-- A long project is read in portions, a few hundred items a tick.

return function(rooms)
  local items = {}
  local NO_MEDIA = {
    [""] = true, MIDI = true, EMPTY = true, CLICK = true, LTC = true, VIDEOEFFECT = true, RPP_PROJECT = true,
  }
  local FIXED_LANES = 2

  local function kind_of(media)
    if media == "VIDEO" then return "video" end
    return NO_MEDIA[media] and "other" or "audio"
  end

  -- The media behind a take: sections are climbed to the file that they are cut from.
  local function media_of(take)
    local source = reaper.GetMediaItemTake_Source(take)
    local offset = reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS")
    if not source then return nil, offset end
    while true do
      local parent = reaper.GetMediaSourceParent(source)
      if not parent then return source, offset end
      local ok, first, length, backwards = reaper.PCM_Source_GetSectionInfo(source)
      if ok and backwards then
        local heard = reaper.GetMediaItemInfo_Value(reaper.GetMediaItemTake_Item(take), "D_LENGTH")
          * reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE")
        offset = math.max(0, first + length - offset - heard)
      elseif ok then
        offset = offset + first
      end
      source = parent
    end
  end

  local function track_muted(track)
    while track do
      if reaper.GetMediaTrackInfo_Value(track, "B_MUTE") ~= 0 then return true end
      track = reaper.GetParentTrack(track)
    end
    return false
  end

  -- Of each track once: its number, whether it is heard, whether its lanes decide what plays.
  local function track_of(known, item)
    local track = reaper.GetMediaItemTrack(item)
    local number = math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))
    local told = known[number]
    if not told then
      told = {number = number, muted = track_muted(track)}
      told.lanes = reaper.GetMediaTrackInfo_Value(track, "I_FREEMODE") == FIXED_LANES
      known[number] = told
    end
    return told
  end

  local function muted(item, track)
    if track.muted or reaper.GetMediaItemInfo_Value(item, "B_MUTE") ~= 0 then return true end
    return track.lanes and reaper.GetMediaItemInfo_Value(item, "C_LANEPLAYS") == 0
  end

  local function told(item, position, length, track)
    local take = reaper.GetActiveTake(item)
    local one = {
      position = position, length = length, offset = 0.0, playrate = 1.0, file = "", kind = "other", name = "",
      track = track.number, muted = muted(item, track),
    }
    if not take then return one end -- an empty item, or an empty take that is active
    local source, offset = media_of(take)
    one.offset = offset
    one.playrate = reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE")
    one.name = reaper.GetTakeName(take)
    if source then
      one.file = reaper.GetMediaSourceFileName(source)
      one.kind = kind_of(reaper.GetMediaSourceType(source))
    end
    return one
  end

  --- Read what overlaps a span, as a `scan`; its result is for `items.list`.
  -- @param shift seconds that are added to what is told: where the music was when it was scored
  function items.reading(handle, span, shift)
    local function fresh() return {texts = {}, tracks = {}} end
    return rooms.scan.begin(handle, fresh, function(found, item)
      local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
      if position >= span.to then return end
      local length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
      if position + length <= span.from or rooms.ours.on_item(item, "cue") ~= "" then return end
      local one = told(item, position + (shift or 0), length, track_of(found.tracks, item))
      found.texts[#found.texts + 1] = rooms.json.encode(one)
    end)
  end

  --- All that was read, as a JSON list.
  function items.list(reading) return rooms.json.encoded(reading.result.texts) end

  -- Only a colour that the user has chosen says anything.
  local function colour_name(native)
    if native == 0 then return "" end
    local red, green, blue = reaper.ColorFromNative(native & 0xFFFFFF)
    return red >= 128 and green < red / 2 and blue < red / 2 and "RED" or ""
  end

  --- The user's markers in a span, as a JSON list: {position, name, colour}.
  function items.markers(handle, span, shift)
    local own, found, index = rooms.marks.own_ids(handle), {}, 0
    while true do
      local more, region, position, _, name, _, colour = reaper.EnumProjectMarkers3(handle, index)
      if more == 0 then return rooms.json.list(found) end
      if not region and position >= span.from and position < span.to then
        local _, id = reaper.GetSetProjectInfo_String(handle, "MARKER_GUID:" .. index, "", false)
        if not own[id] then
          found[#found + 1] = {position = position + (shift or 0), name = name, colour = colour_name(colour)}
        end
      end
      index = index + 1
    end
  end

  return items
end
