--- Which functions this REAPER has; not all are in every version.

return function()
  local api, known = {}, {}

  --- Whether a function is there.
  function api.has(name)
    if known[name] == nil then known[name] = reaper.APIExists(name) == true end
    return known[name]
  end

  return api
end
