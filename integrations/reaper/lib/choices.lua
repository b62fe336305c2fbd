--- Which engines and styles there are: asked of the program once, when the user opens the options.

return function(rooms)
  local choices = {engines = {}, styles = {}}

  local function names(list)
    local found = {}
    for _, entry in ipairs(type(list) == "table" and list or {}) do
      found[#found + 1] = type(entry) == "table" and tostring(entry.name) or tostring(entry)
    end
    return found
  end

  local function stems(list)
    local found, seen = {}, {}
    for _, entry in ipairs(type(list) == "table" and list or {}) do
      for _, stem in ipairs(type(entry) == "table" and entry.stems or {}) do
        if not seen[stem] then
          seen[stem] = true
          found[#found + 1] = stem
        end
      end
    end
    return found
  end

  --- Ask, unless that was done; `choices.look` hears the answer.
  function choices.ask(project)
    if choices.asked then return end
    choices.asked = true
    local request = rooms.project.told(project)
    request.action = "choices"
    local job, problem = rooms.job.start(request)
    choices.job = job
    if not job then rooms.report.say(problem) end
  end

  --- Whether the answer is there, or never will be.
  function choices.known() return choices.asked and not choices.job end

  --- Look for the answer.
  function choices.look()
    local answer = choices.job and rooms.job.look(choices.job)
    if not answer then return end
    choices.job = nil
    if not answer.ok then return end
    choices.engines, choices.styles = names(answer.engines), names(answer.styles)
    choices.stems = stems(answer.engines)
  end

  choices.stems = {"drums", "bass", "harmony", "melody", "effects"}

  return choices
end
