--- Runs actions a step at a time from REAPER's defer loop: a step does a little and names the one that follows.

return function(rooms)
  local runner = {}
  local PATIENCE_S = 0.7 -- what is done sooner needs no window
  local flows = {}

  local function traced(problem)
    return type(problem) == "table" and problem or debug.traceback(tostring(problem), 2)
  end

  --- Start an action: `context` is all it knows, `step` its first step.
  function runner.add(context, step)
    context.since = reaper.time_precise()
    flows[#flows + 1] = {context = context, step = step}
  end

  -- Whatever ends an action, nothing of it is left open.
  local function clean(context)
    if context.pool then rooms.sources.close(context.pool) end
    if context.job then rooms.underway.remove(context.job.id) end
  end

  local function fail(context, problem)
    clean(context)
    if context.job and not context.answer then rooms.job.cancel(context.job.folder) end
    rooms.report.failure(problem)
  end

  local function advance(flow)
    local ok, following = xpcall(flow.step, traced, flow.context)
    if not ok then
      fail(flow.context, following)
      return false
    end
    if not following then clean(flow.context) end
    flow.step = following
    return following ~= nil
  end

  local function steps()
    local left = {}
    for _, flow in ipairs(flows) do
      if advance(flow) then left[#left + 1] = flow end
    end
    flows = left
  end

  local function cancelled(context)
    rooms.job.cancel(context.job.folder)
    context.cancelled = true
  end

  local function answer(context, event)
    if event == "cancel" and context.job then cancelled(context) end
    if context.question then context.reply = event end
  end

  local BUSY = {{id = "options", label = "Options"}, {id = "cancel", label = "Cancel"}}

  -- The first action that the user waits for; what is laid only has its waveforms to come.
  local function shown()
    for _, flow in ipairs(flows) do
      if not flow.context.done then return flow.context end
    end
    return nil
  end

  local function draw()
    local context = shown()
    if not context then return rooms.panel.close() end
    if not context.question and reaper.time_precise() - context.since < PATIENCE_S then return end
    local event = rooms.panel.show({
      words = context.question or context.words or "Starting",
      fraction = not context.question and (context.progress or 0) or nil,
      buttons = context.question and context.buttons or BUSY,
      options = context.options,
      project = context.project,
    })
    if event then answer(context, event) end
  end

  local function tick()
    steps()
    local ok, problem = xpcall(draw, traced)
    if not ok then rooms.report.failure(problem) end
    if #flows > 0 then reaper.defer(tick) end
  end

  -- The script is being ended, by the user or by its own second start: jobs go on and wait for the next one.
  local function leave()
    rooms.panel.close()
    for _, flow in ipairs(flows) do
      local context = flow.context
      if context.pool then rooms.sources.close(context.pool) end
      if context.record and not context.done then
        context.record.state = "left"
        rooms.underway.put(context.record)
      end
    end
  end

  local function adopt()
    for _, record in ipairs(rooms.underway.all()) do
      local project = record.state == "left" and rooms.project.known(record.project)
      if project then rooms.actions.resume(project, record) end
    end
  end

  local function start(action)
    rooms.job.tidy()
    if action ~= "cancel" then adopt() end
    rooms.actions.begin(rooms.project.current(), action)
  end

  --- Begin an action. Even its first step is deferred: a script that defers leaves no undo entry of REAPER's own.
  function runner.begin(action)
    reaper.atexit(leave)
    reaper.defer(function()
      local ok, problem = xpcall(start, traced, action)
      if not ok then rooms.report.failure(problem) end
      tick()
    end)
  end

  return runner
end
