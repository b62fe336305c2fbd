--- Stops what is under way for a project, whichever of our scripts waits for it.

return function(rooms)
  local cancelling = {}

  local function others(records)
    local names = {}
    for _, record in ipairs(records) do
      local project = rooms.project.known(record.project)
      if project then names[#names + 1] = rooms.project.name(project) end
    end
    return #names > 0 and (" In other tabs: %s."):format(table.concat(names, ", ")) or ""
  end

  --- Cancel every job of a project. The script that waits for it ends it; a job that nobody waits for ends here.
  function cancelling.run(project)
    local mine, rest = {}, {}
    for _, record in ipairs(rooms.underway.all()) do
      local list = record.project == project.key and mine or rest
      list[#list + 1] = record
    end
    if #mine == 0 then
      return rooms.report.say("nothing is under way in this project." .. others(rest))
    end
    for _, record in ipairs(mine) do
      rooms.job.cancel(record.folder)
      if record.state ~= "watched" then rooms.underway.remove(record.id) end
    end
    rooms.report.say(#mine == 1 and "cancelling." or ("cancelling %d requests."):format(#mine))
  end

  return cancelling
end
