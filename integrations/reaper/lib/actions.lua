--- The five actions, each a way of steps: ask, read, send, wait, open, lay, tell.

return function(rooms)
  local actions = {}
  local steps = {}
  local NOTHING = "nothing is selected and there are no items. Select a range or some items and call it again."
  local READINGS = 20 -- of a project that never rests

  local fail = function(sentence) rooms.block.fail(sentence) end

  local function context_of(project, action)
    return {project = project, action = action, options = rooms.options.of(project.handle), rounds = 0}
  end

  --- Begin an action in a project.
  function actions.begin(project, action)
    if action == "cancel" then return rooms.cancelling.run(project) end
    local first = {score = steps.score, reroll = steps.reroll, next = steps.flip, previous = steps.flip}
    rooms.runner.add(context_of(project, action), first[action])
  end

  --- Take over a job that another script of ours began.
  function actions.resume(project, record)
    local c = context_of(project, record.action)
    c.job, c.record = rooms.job.watched(record.id, record.folder), record
    record.state = "watched"
    rooms.underway.put(record)
    rooms.runner.add(c, steps.waiting)
  end

  local function send(c, request)
    for name, value in pairs(rooms.project.told(c.project)) do request[name] = value end
    for name, value in pairs(rooms.options.told(c.options)) do
      if request[name] == nil then request[name] = value end
    end
    request.action = c.action
    local job, problem = rooms.job.start(request)
    if not job then fail(problem) end
    c.job = job
    c.record = {
      id = job.id, folder = job.folder, project = c.project.key, action = c.action, state = "watched",
      seed = c.options.seed,
    }
    rooms.underway.put(c.record)
    return steps.waiting
  end

  function steps.score(c)
    local span = rooms.range.asked(c.project.handle)
    if span then return steps.begin_reading(c, span) end
    c.reading = rooms.range.everything(c.project.handle)
    return steps.measuring
  end

  function steps.measuring(c)
    if not rooms.scan.read(c.reading) then return steps.measuring end
    c.everything = c.reading.result.span
    if not c.everything or not rooms.panel.possible() then fail(NOTHING) end
    local from, to = rooms.range.words(c.everything.from), rooms.range.words(c.everything.to)
    c.question = ("Nothing is selected. Score everything, %s to %s?"):format(from, to)
    c.buttons = {{id = "all", label = "Score all"}, {id = "options", label = "Options"}, {id = "no", label = "Close"}}
    return steps.asking
  end

  function steps.asking(c)
    if not c.reply then return steps.asking end
    if c.reply ~= "all" then return nil end
    c.question, c.since = nil, reaper.time_precise()
    return steps.begin_reading(c, c.everything)
  end

  -- Read a span, then send a request with what is in it.
  function steps.begin_reading(c, span, request, shift)
    c.span, c.request, c.shift = span, request, shift or 0
    c.reading = rooms.items.reading(c.project.handle, span, c.shift)
    c.words = "Reading the range"
    return steps.reading
  end

  function steps.reading(c)
    if not rooms.project.open(c.project) then return nil end
    if not rooms.scan.read(c.reading) then return steps.reading end
    local request = c.request or {["in"] = c.span.from, out = c.span.to}
    request.items = rooms.items.list(c.reading)
    request.markers = rooms.items.markers(c.project.handle, c.span, c.shift)
    return send(c, request)
  end

  local function meant(c)
    local cue, problem = rooms.selection.cue(c.project)
    if not cue then fail(problem) end
    local folder, reason = rooms.cues.folder(c.project, cue.id, cue.entries)
    if not folder then fail(reason) end
    return cue, folder
  end

  function steps.reroll(c)
    if not rooms.ours.read(c.project.handle) then return steps.reroll end
    local cue, folder = meant(c)
    local part, problem = rooms.selection.part(c.project, cue)
    if not part then fail(problem) end
    local stems = rooms.json.list(#cue.stems > 0 and cue.stems or rooms.selection.laid(c.project, cue))
    -- The picture under the whole cue goes along: the program says when it is another than was scored.
    return steps.begin_reading(c, part.whole, {["in"] = part.from, out = part.to, cue = folder, stems = stems},
      part.shift)
  end

  function steps.flip(c)
    if not rooms.ours.read(c.project.handle) then return steps.flip end
    local _, folder = meant(c)
    return send(c, {cue = folder, items = rooms.json.list({}), markers = rooms.json.list({})})
  end

  local function refused(answer)
    local problem = type(answer.error) == "table" and answer.error or {}
    if problem.code == "cancelled" then return "cancelled." end
    return problem.sentence or problem.what or "the program failed and did not say why. See `hitpoint doctor`."
  end

  local function accepted(c, answer)
    if answer.hitpoint ~= rooms.program.protocol then
      fail(rooms.program.mismatch("of another kind (" .. tostring(answer.version or answer.hitpoint) .. ")"))
    end
    if answer.version and answer.version ~= rooms.program.version then fail(rooms.program.mismatch(answer.version)) end
    c.placement, c.told = answer.placement, answer.said
    c.seed = math.tointeger(tonumber(c.record.seed or ""))
    if type(c.placement) ~= "table" then fail("the program's answer holds no music.") end
  end

  function steps.waiting(c)
    local answer = c.cancelled and {cancelled = true} or rooms.job.look(c.job)
    c.words, c.progress = c.job.words, c.job.progress
    if not answer then return steps.waiting end
    c.answer = answer
    if answer.cancelled then
      rooms.report.say("cancelled.")
      return nil
    end
    if not answer.ok then fail(refused(answer)) end
    accepted(c, answer)
    return steps.arriving
  end

  -- A project that is gone gets nothing; the music is on disk.
  local function still_open(c)
    if rooms.project.open(c.project) then return true end
    rooms.report.say(("%s was closed meanwhile; the music lies in %s.")
      :format(rooms.project.name(c.project), c.placement.cue.folder))
    return false
  end

  -- What has nothing to change makes no undo entry.
  local function nothing_to_do(c)
    local known = #rooms.ours.items(c.project.handle, c.placement.cue.id) > 0
    return known and not rooms.takes.pending(c.project, c.placement, c.action)
  end

  function steps.arriving(c)
    if c.cancelled then
      rooms.report.say("cancelled; the music lies in " .. c.placement.cue.folder .. ".")
      return nil
    end
    if not still_open(c) then return nil end
    if not rooms.ours.read(c.project.handle) then return steps.arriving end
    if nothing_to_do(c) then
      rooms.report.rows(c.project, c.placement, {})
      rooms.report.cue(c.project, c.placement, c.told)
      return nil
    end
    if rooms.tracks.need_active_tab() and not rooms.project.active(c.project) then
      c.words, c.progress = ("Ready. Go back to the tab of %s."):format(rooms.project.name(c.project)), 1
      return steps.arriving
    end
    c.words = "Laying the stems"
    c.pool, c.tempo = c.pool or rooms.sources.pool(c.placement), c.tempo == nil and c.options.tempo or c.tempo
    return steps.opening
  end

  function steps.opening(c)
    if rooms.sources.open_next(c.pool) then return steps.opening end
    c.zero = rooms.takes.zero(rooms.ours.items(c.project.handle, c.placement.cue.id), c.placement)
    if c.options.midi and not c.notes then
      local problem
      c.notes, problem = rooms.midi.begin(c.placement)
      if not c.notes then rooms.report.say(problem .. ".") end
    end
    return c.notes and steps.reading_notes or steps.pinning
  end

  function steps.reading_notes(c)
    if not still_open(c) then return nil end
    if rooms.midi.read(c.project.handle, c.notes, c.zero) then return steps.pinning end
    return steps.reading_notes
  end

  -- What was found of the project has to hold still when it is changed.
  function steps.pinning(c)
    if not still_open(c) then return nil end
    if c.tempo and not c.pins then c.pins = rooms.pins.reading(c.project.handle) end
    local found = rooms.ours.read(c.project.handle)
    local pinned = not c.tempo or (c.pins.done and rooms.scan.holds(c.pins)) or rooms.scan.read(c.pins)
    return found and pinned and steps.laying or steps.pinning
  end

  local function label(c)
    if c.action == "score" then return ("Hitpoint: score %s"):format(c.placement.cue.name) end
    return ("Hitpoint: take %d of %s"):format(c.placement.take, c.placement.cue.name)
  end

  -- Tempo first: what is laid after it is not moved by it.
  local function change(c)
    local handle, placement, which = c.project.handle, c.placement, c.options.markers
    local everything, entries = rooms.ours.everything(handle), rooms.ours.items(handle, placement.cue.id)
    local zero = rooms.takes.zero(entries, placement)
    if c.tempo then rooms.tempo.write(handle, placement, zero, c.pins) end
    local rows
    if #entries == 0 and c.action == "score" then
      rows = rooms.placing.lay(c.project, placement, c.pool, zero, c.seed)
    else
      rows = rooms.takes.reconcile(c.project, placement, entries, c.pool, c.action, c.seed)
    end
    if c.notes then
      c.notes.stale = c.tempo
      c.midi_said = rooms.midi.write(c.project, placement, c.notes, zero, everything)
    end
    if c.options.take_markers and which ~= "none" then
      for _, row in ipairs(rows) do
        if row.take and (row.new or row.whole) then rooms.marks.write_into(row.take, placement, which) end
      end
    elseif which ~= "none" then
      rooms.marks.write(handle, placement, zero, which)
    end
    local known = rooms.cues.recall(handle, placement.cue.id)
    rooms.cues.remember(c.project, placement, known and known.chosen or c.options.stems)
    return rows
  end

  -- Without the tempo map, when that is what cannot be done.
  local function again_without_tempo(c, problem)
    rooms.report.say("the tempo map was left as it is: " .. problem.sentence .. ".")
    c.tempo = false
    rooms.sources.close(c.pool)
    c.pool = nil
    return steps.arriving
  end

  function steps.laying(c)
    if not still_open(c) then return nil end
    if rooms.tracks.need_active_tab() and not rooms.project.active(c.project) then return steps.arriving end
    if c.tempo and not rooms.scan.holds(c.pins) then
      c.rounds = c.rounds + 1
      if c.rounds < READINGS then return steps.pinning end
      rooms.scan.at_once(c.pins)
    end
    local ok, rows = rooms.block.run(c.project.handle, label(c), function() return change(c) end)
    if not ok and c.tempo and type(rows) == "table" then return again_without_tempo(c, rows) end
    rooms.sources.close(c.pool)
    if not ok then error(rows, 0) end
    c.done, c.rows = true, rows
    rooms.underway.remove(c.job.id)
    rooms.report.rows(c.project, c.placement, rows)
    for _, sentence in ipairs(c.midi_said or {}) do rooms.report.say(sentence .. ".") end
    rooms.report.cue(c.project, c.placement, c.told)
    c.peaks = rooms.peaks.begin(c.project, rows)
    return steps.drawing
  end

  function steps.drawing(c)
    if rooms.peaks.step(c.peaks) then return nil end
    return steps.drawing
  end

  return actions
end
