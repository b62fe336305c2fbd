--- The jobs that scripts of ours are waiting for, shared by all of them while REAPER runs.
-- A script that ends before its answer leaves its job here; the next one that starts takes it over.

return function(rooms)
  local underway = {}
  local SECTION, KEY = "hitpoint", "jobs"

  --- All jobs, each a record: id, folder, project (key), action, options, stems, state ("watched" or "left").
  function underway.all()
    local found = {}
    for line in reaper.GetExtState(SECTION, KEY):gmatch("[^\n]+") do found[#found + 1] = rooms.record.decode(line) end
    return found
  end

  local function write(records)
    local lines = {}
    for index, fields in ipairs(records) do lines[index] = rooms.record.encode(fields) end
    reaper.SetExtState(SECTION, KEY, table.concat(lines, "\n"), false)
  end

  --- Forget a job.
  function underway.remove(id)
    local rest = {}
    for _, fields in ipairs(underway.all()) do
      if fields.id ~= id then rest[#rest + 1] = fields end
    end
    write(rest)
  end

  --- Put a job in, or change what is known about it.
  function underway.put(fields)
    underway.remove(fields.id)
    local records = underway.all()
    records[#records + 1] = fields
    write(records)
  end

  return underway
end
