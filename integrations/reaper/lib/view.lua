--- What the user has selected and where they are, kept over a change and put back where it differs.

return function(rooms)
  local view = {}

  local function selected_items(handle)
    local items = {}
    for index = 0, reaper.CountSelectedMediaItems(handle) - 1 do
      items[index + 1] = reaper.GetSelectedMediaItem(handle, index)
    end
    return items
  end

  local function selected_tracks(handle)
    local tracks = {}
    for index = 0, reaper.CountSelectedTracks(handle) - 1 do
      tracks[index + 1] = reaper.GetSelectedTrack(handle, index)
    end
    return tracks
  end

  --- Selection, cursor, time selection, loop and visible span of a project.
  function view.keep(handle)
    local kept = {items = selected_items(handle), tracks = selected_tracks(handle)}
    kept.cursor = reaper.GetCursorPositionEx(handle)
    kept.from, kept.to = reaper.GetSet_LoopTimeRange2(handle, false, false, 0, 0, false)
    kept.loop_from, kept.loop_to = reaper.GetSet_LoopTimeRange2(handle, false, true, 0, 0, false)
    if rooms.api.has("GetSet_ArrangeView2") then
      kept.left, kept.right = reaper.GetSet_ArrangeView2(handle, false, 0, 0, 0, 0)
    end
    return kept
  end

  local function same(one, other)
    if #one ~= #other then return false end
    for index, value in ipairs(one) do
      if value ~= other[index] then return false end
    end
    return true
  end

  local function select_again(handle, now, kept, kind, select)
    if same(now, kept) then return end
    for _, it in ipairs(now) do select(it, false) end
    for _, it in ipairs(kept) do
      if reaper.ValidatePtr2(handle, it, kind) then select(it, true) end
    end
  end

  --- Put back what `keep` found.
  function view.restore(handle, kept)
    select_again(handle, selected_items(handle), kept.items, "MediaItem*", reaper.SetMediaItemSelected)
    select_again(handle, selected_tracks(handle), kept.tracks, "MediaTrack*", reaper.SetTrackSelected)
    if reaper.GetCursorPositionEx(handle) ~= kept.cursor then
      reaper.SetEditCurPos2(handle, kept.cursor, false, false)
    end
    for _, span in ipairs({{false, kept.from, kept.to}, {true, kept.loop_from, kept.loop_to}}) do
      local from, to = reaper.GetSet_LoopTimeRange2(handle, false, span[1], 0, 0, false)
      if from ~= span[2] or to ~= span[3] then
        reaper.GetSet_LoopTimeRange2(handle, true, span[1], span[2], span[3], false)
      end
    end
    if not kept.left then return end
    local left, right = reaper.GetSet_ArrangeView2(handle, false, 0, 0, 0, 0)
    if left ~= kept.left or right ~= kept.right then
      reaper.GetSet_ArrangeView2(handle, true, 0, 0, kept.left, kept.right)
    end
  end

  return view
end
