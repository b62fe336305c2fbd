--- Builds the waveforms of new takes, a step per tick, so that nothing waits for them.

return function(rooms)
  local peaks = {}
  local BEGIN, RUN, FINISH = 0, 1, 2
  local BY_HAND = "this REAPER draws the new waveforms when it is told to: Actions, Build any missing peaks."

  --- Begin; `peaks.step` goes on.
  function peaks.begin(project, rows)
    local building = {project = project, takes = {}, place = 1, begun = false}
    for _, row in ipairs(rows) do
      if row.take and (row.new or row.whole) then table.insert(building.takes, {take = row.take, item = row.item}) end
    end
    return building
  end

  local function finish(building, entry, source)
    reaper.PCM_Source_BuildPeaks(source, FINISH)
    reaper.UpdateItemInProject(entry.item)
    building.place, building.begun = building.place + 1, false
  end

  --- One step; true when all is done.
  function peaks.step(building)
    if not rooms.project.open(building.project) then return true end
    if not rooms.api.has("PCM_Source_BuildPeaks") then
      if #building.takes > 0 then rooms.report.say(BY_HAND) end
      return true
    end
    local entry = building.takes[building.place]
    if not entry then return true end
    if not reaper.ValidatePtr2(building.project.handle, entry.take, "MediaItem_Take*") then
      building.place, building.begun = building.place + 1, false
      return false
    end
    local source = reaper.GetMediaItemTake_Source(entry.take)
    if not building.begun then
      building.begun = reaper.PCM_Source_BuildPeaks(source, BEGIN) ~= 0
      if not building.begun then building.place = building.place + 1 end
    elseif reaper.PCM_Source_BuildPeaks(source, RUN) == 0 then
      finish(building, entry, source)
    end
    return false
  end

  return peaks
end
