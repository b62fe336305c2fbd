--- One change to a project: one undo entry, opened and closed in the same callback, or nothing at all.

return function(rooms)
  local block = {}

  --- Raise a sentence for people; the block that is open is undone.
  function block.fail(sentence) error({sentence = sentence}, 0) end

  local function traced(problem)
    return type(problem) == "table" and problem or debug.traceback(tostring(problem), 2)
  end

  -- An entry of another name is the user's own: then nothing was changed, and there is nothing to undo.
  local function undo(handle, label)
    if reaper.Undo_CanUndo2(handle) == label then reaper.Undo_DoUndo2(handle) end
  end

  --- Do some work as one undo entry; when it raises, everything is undone and no entry is left.
  -- The user's selection, cursor and view are as before on every way out.
  -- @return true and what the work returned, or false and what it raised
  function block.run(handle, name, work)
    local kept = rooms.view.keep(handle)
    reaper.Undo_BeginBlock2(handle)
    reaper.PreventUIRefresh(1)
    local ok, result = xpcall(work, traced)
    local restored, reason = xpcall(rooms.view.restore, traced, handle, kept)
    reaper.PreventUIRefresh(-1)
    local label = ok and restored and name or name .. " (failed)"
    reaper.Undo_EndBlock2(handle, label, -1)
    if not (ok and restored) then undo(handle, label) end
    reaper.TrackList_AdjustWindows(false)
    reaper.UpdateTimeline()
    if ok and not restored then return false, reason end
    return ok, result
  end

  return block
end
