--- One request to the program: a folder with the request, its progress and its answer, looked at a few times a second.

return function(rooms)
  local job = {}
  local EVERY_S = 0.2
  local FIRST_S, LATER_S = 60, 120 -- silence after which nobody is believed to work any more
  local LONGEST_TICK_S = 1 -- a machine that slept was not silent
  local KEPT_S = 7 * 24 * 3600
  local FILES = {"request.json", "progress.lua", "answer.lua", "cancel", "log.txt"}
  local DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
  local minted = 0

  local function base36(value, width)
    local text = ""
    for _ = 1, width do
      local digit = value % 36
      text, value = DIGITS:sub(digit + 1, digit + 1) .. text, value // 36
    end
    return text
  end

  --- An id of its own: the second, the clock, a counter. Its first six letters are the time.
  local function new_id()
    minted = minted + 1
    return base36(os.time(), 6) .. base36(math.floor(reaper.time_precise() * 1e4) + minted, 4)
  end

  local function jobs_folder() return rooms.program.folder() .. "/jobs" end

  local function write(path, text)
    local file, problem = io.open(path, "wb")
    if not file then return nil, problem end
    local ok, reason = file:write(text)
    local closed, other = file:close()
    if ok and closed then return true end
    return nil, reason or other
  end

  --- Write a request and start the program on it.
  -- @param request as in the agreement, without `hitpoint`, `id`, `host` and `version`
  -- @return the job, or nil and a sentence
  function job.start(request)
    local program, problem = rooms.program.place()
    if not program then return nil, problem end
    local id = new_id()
    local folder = jobs_folder() .. "/" .. id
    reaper.RecursiveCreateDirectory(folder, 0)
    request.hitpoint, request.id, request.host = rooms.program.protocol, id, "reaper"
    request.version = rooms.program.version
    local ok, reason = write(folder .. "/request.json", rooms.json.encode(request))
    if not ok then return nil, ("%s cannot be written: %s"):format(folder, reason) end
    ok, problem = rooms.program.start(program, folder)
    if not ok then return nil, problem end
    return job.watched(id, folder)
  end

  --- A job that runs already.
  function job.watched(id, folder)
    local now = reaper.time_precise()
    return {id = id, folder = folder, looked = 0, ticked = now, silent = 0, heard = false, words = "Starting"}
  end

  local function hear(it)
    local told = rooms.program.read(it.folder .. "/progress.lua")
    if not told then return end
    local sign = ("%s %s %s %s"):format(told.time, told.progress, told.stage, told.words)
    if sign == it.sign then return end
    it.sign, it.silent, it.heard = sign, 0, true
    it.progress = tonumber(told.progress)
    it.words = tostring(told.words or told.stage or "")
  end

  local function silence(it)
    local sentence = "the program has given no sign of life for %d seconds. See `hitpoint doctor`; "
      .. "the request is in %s."
    return {ok = false, error = {sentence = sentence:format(math.floor(it.silent), it.folder)}}
  end

  --- Look for the answer; nil while there is none. `it.words` and `it.progress` follow the work.
  -- @return the answer, or one of ours: `{cancelled = true}`, `{ok = false, error = {sentence = ...}}`
  function job.look(it)
    local now = reaper.time_precise()
    it.silent = it.silent + math.min(now - it.ticked, LONGEST_TICK_S)
    it.ticked = now
    if now - it.looked < EVERY_S then return nil end
    it.looked = now
    if reaper.file_exists(it.folder .. "/cancel") then return {cancelled = true} end
    local answer = rooms.program.read(it.folder .. "/answer.lua")
    if answer then return answer end
    hear(it)
    if it.silent < (it.heard and LATER_S or FIRST_S) then return nil end
    job.cancel(it.folder)
    return silence(it)
  end

  --- Ask the program to stop; nobody waits for it.
  function job.cancel(folder) write(folder .. "/cancel", "") end

  local function remove(folder)
    for _, name in ipairs(FILES) do os.remove(folder .. "/" .. name) end
    os.remove(folder)
  end

  --- Remove the folders of jobs from more than a week ago; what they made lies elsewhere.
  function job.tidy()
    local now, old = os.time(), {}
    for index = 0, 49 do
      local name = reaper.EnumerateSubdirectories(jobs_folder(), index)
      if not name or name == "" then break end
      local born = name:match("^%w+$") and #name >= 6 and tonumber(name:sub(1, 6), 36)
      if born and now - born > KEPT_S then old[#old + 1] = name end
    end
    for _, name in ipairs(old) do remove(jobs_folder() .. "/" .. name) end
  end

  return job
end
