--- Goes through all items of a project in portions, so that no tick is long however many there are.

return function()
  local scan = {}
  local PORTION, ROUNDS = 100, 20

  local function changes(handle) return reaper.GetProjectStateChangeCount(handle) end

  --- Begin.
  -- @param fresh makes an empty result
  -- @param each is called with the result and an item
  function scan.begin(handle, fresh, each)
    return {handle = handle, fresh = fresh, each = each, result = fresh(), place = 0, rounds = 0,
      changes = changes(handle), done = false}
  end

  --- Whether the project is as it was when this began: the result holds.
  function scan.holds(it) return changes(it.handle) == it.changes end

  local function forward(it, last)
    local handle, each, result = it.handle, it.each, it.result
    for index = it.place, last - 1 do each(result, reaper.GetMediaItem(handle, index)) end
    it.place = last
  end

  --- Go on; true when all items were seen. A change in between begins anew, in a project that ever rests.
  function scan.read(it)
    if not scan.holds(it) and it.rounds < ROUNDS then
      it.place, it.result, it.rounds, it.changes = 0, it.fresh(), it.rounds + 1, changes(it.handle)
    end
    local count = reaper.CountMediaItems(it.handle)
    forward(it, math.min(it.place + PORTION, count))
    it.done = it.place >= count
    return it.done
  end

  --- Everything at once, as it is now.
  function scan.at_once(it)
    it.place, it.result, it.changes = 0, it.fresh(), changes(it.handle)
    forward(it, reaper.CountMediaItems(it.handle))
    it.done = true
    return it.result
  end

  return scan
end
