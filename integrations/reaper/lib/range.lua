--- What is to be scored: the time selection, else the span of the selected items, else the span of everything.

return function(rooms)
  local range = {}

  local function time_selection(handle)
    local from, to = reaper.GetSet_LoopTimeRange2(handle, false, false, 0, 0, false)
    if to > from then return {from = from, to = to} end
    return nil
  end

  local function widen(span, item)
    local from = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    local to = from + reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
    if not span then return to > from and {from = from, to = to} or nil end
    span.from, span.to = math.min(span.from, from), math.max(span.to, to)
    return span
  end

  local function selected_items(handle)
    local span
    for index = 0, reaper.CountSelectedMediaItems(handle) - 1 do
      span = widen(span, reaper.GetSelectedMediaItem(handle, index))
    end
    return span
  end

  --- The span that the user has marked, in project seconds, or nil.
  function range.asked(handle) return time_selection(handle) or selected_items(handle) end

  --- The span of all items but ours, as a `scan`; its result is {span}.
  function range.everything(handle)
    return rooms.scan.begin(handle, function() return {} end, function(found, item)
      if rooms.ours.on_item(item, "cue") == "" then found.span = widen(found.span, item) end
    end)
  end

  range.time_selection = time_selection

  --- A time for people: minutes and seconds.
  function range.words(seconds) return ("%d:%05.2f"):format(seconds // 60, seconds % 60) end

  return range
end
