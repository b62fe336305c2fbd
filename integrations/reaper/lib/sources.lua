--- Media sources for the stems of a placement: opened and checked before anything is changed.

return function(rooms)
  local sources = {}

  --- The source of a stem's file.
  -- @return the source, or nil and a sentence
  function sources.open(stem, seconds)
    local source = reaper.PCM_Source_CreateFromFile(stem.file)
    if not source then return nil, ("%s cannot be read: %s"):format(stem.name, stem.file) end
    local length, in_quarters = reaper.GetMediaSourceLength(source)
    if in_quarters or not (length > 0) then
      reaper.PCM_Source_Destroy(source)
      return nil, ("%s holds no sound: %s"):format(stem.name, stem.file)
    end
    if math.abs(length - seconds) > 0.001 then
      reaper.PCM_Source_Destroy(source)
      return nil, ("%s is %.3f s long, not %.3f s: %s"):format(stem.name, length, seconds, stem.file)
    end
    return source
  end

  --- One source per stem, by name; whoever takes one owns it.
  function sources.pool(placement)
    return {placement = placement, ready = {}, place = 0}
  end

  --- Open the source of the next stem; false when all are open. Raises a sentence.
  function sources.open_next(pool)
    pool.place = pool.place + 1
    local stem = pool.placement.stems[pool.place]
    if not stem then return false end
    local source, problem = sources.open(stem, rooms.placing.seconds(pool.placement))
    if not source then rooms.block.fail(problem) end
    pool.ready[stem.name] = source
    return true
  end

  --- A source for a stem: the one that is ready, else one more.
  function sources.take(pool, stem)
    local source = pool.ready[stem.name]
    pool.ready[stem.name] = nil
    if source then return source end
    local other, problem = sources.open(stem, rooms.placing.seconds(pool.placement))
    if not other then rooms.block.fail(problem) end
    return other
  end

  --- Give a source back that found no place.
  function sources.return_to(pool, stem, source)
    if pool.ready[stem.name] then reaper.PCM_Source_Destroy(source) else pool.ready[stem.name] = source end
  end

  --- Let go what nobody took.
  function sources.close(pool)
    for _, source in pairs(pool.ready) do reaper.PCM_Source_Destroy(source) end
    pool.ready = {}
  end

  return sources
end
