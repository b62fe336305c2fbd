--- What the user is told: lines in REAPER's console, never a dialog, since that would stop everything else.

return function(rooms)
  local report = {}

  --- One line.
  function report.say(sentence) reaper.ShowConsoleMsg("Hitpoint: " .. sentence .. "\n") end

  --- What went wrong: a sentence as it is, anything else as a fault of ours, with where it happened.
  function report.failure(problem)
    if type(problem) == "table" and problem.sentence then return report.say(problem.sentence) end
    report.say("a fault of this script's own stopped it; the project is as it was. " .. tostring(problem))
  end

  -- A frame as people count it: whole where it is whole.
  local function frame_text(value)
    local whole = math.floor(value + 0.5)
    if math.abs(value - whole) < 0.0005 then return ("%d"):format(whole) end
    return ("%.3f"):format(value)
  end

  local function source_file(take)
    local source = take and reaper.GetMediaItemTake_Source(take)
    return source and reaper.GetMediaSourceFileName(source) or ""
  end

  -- What is not as it was asked for.
  local function faults(row, placement)
    local found = {}
    local length = reaper.GetMediaItemInfo_Value(row.item, "D_LENGTH")
    local seconds = rooms.placing.seconds(placement)
    if row.whole and math.abs(length - seconds) > 1e-9 then
      found[#found + 1] = ("it is %.6f s long, not %.6f s"):format(length, seconds)
    end
    local file = source_file(row.take)
    if not rooms.paths.same(file, row.stem.file) then
      found[#found + 1] = ("it plays %s, not %s"):format(file, row.stem.file)
    end
    if reaper.GetActiveTake(row.item) ~= row.take then found[#found + 1] = "another take is active" end
    return found
  end

  -- One item: the frame that was asked for, the one where the cue's first frame is now.
  local function placed(row, placement, handle)
    if not reaper.ValidatePtr2(handle, row.item, "MediaItem*") then
      return ("%s is not there any more"):format(row.stem.name)
    end
    local over, under = rooms.cues.rate(placement.rate)
    local origin = placement.timeline_start or 0
    local asked = origin + (row.whole and row.zero * over / under or placement.start)
    local span = rooms.ours.span({item = row.item, cue = placement.cue.id, stem = row.stem.name})
    local landed = origin + (span and span.zero or 0 / 0) * over / under
    local said = faults(row, placement)
    for _, words in ipairs(row.said or {}) do said[#said + 1] = words end
    local line = ("%s asked %s landed %s (take %d)")
      :format(row.stem.name, frame_text(asked), frame_text(landed), row.stem.take)
    return #said > 0 and line .. ": " .. table.concat(said, "; ") or line
  end

  --- Read every item back that was laid or changed, and tell where it is.
  function report.rows(project, placement, rows)
    for _, row in ipairs(rows) do
      if row.item and row.take then
        report.say(placed(row, placement, project.handle))
      else
        report.say(("%s: %s"):format(row.stem.name, table.concat(row.said or {}, "; ")))
      end
    end
    if #rows == 0 then report.say("every item plays the take that is in use already.") end
  end

  --- What the program had to say, the hits, and where the cue lies.
  function report.cue(project, placement, said)
    for _, list in ipairs({placement.said or {}, said or {}}) do
      for _, sentence in ipairs(list) do report.say(sentence) end
    end
    local hits = placement.hits
    if hits and hits.total and hits.total > 0 then
      report.say(("%d of %d hits are met."):format(hits.met, hits.total))
    end
    local where = project.path == "" and " Save the project to keep the way there." or ""
    report.say(("%s, take %d, lies in %s.%s"):format(placement.cue.name, placement.take, placement.cue.folder, where))
  end

  return report
end
