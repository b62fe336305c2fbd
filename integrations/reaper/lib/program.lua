--- The `hitpoint` program: where it is, whether it fits this script, and how it is started.

return function()
  local program = {version = "0.1.0", protocol = 1}
  local INSTALL = "Call `hitpoint install reaper` and try again."

  --- What every disagreement about versions says.
  function program.mismatch(other)
    return ("the scripts in REAPER are version %s, the program is %s. %s"):format(program.version, other, INSTALL)
  end

  --- A Lua file that holds nothing but data, as that data; nil while it is not there or not whole.
  function program.read(path)
    local chunk = loadfile(path, "t", {})
    if not chunk then return nil end
    local ok, value = pcall(chunk)
    return ok and type(value) == "table" and value or nil
  end

  --- The folder of ours in REAPER's resources.
  function program.folder() return reaper.GetResourcePath() .. "/Data/Hitpoint" end

  --- The program's path, or nil and a sentence.
  function program.place()
    local path = program.folder() .. "/program.lua"
    local told = program.read(path)
    if not told or type(told.program) ~= "string" then
      return nil, "the program is not known to this REAPER: " .. path .. " is not there. " .. INSTALL
    end
    if told.version ~= program.version then return nil, program.mismatch(tostring(told.version)) end
    if not reaper.file_exists(told.program) then
      return nil, "the program is not at " .. told.program .. " any more. " .. INSTALL
    end
    return told.program
  end

  --- Start the program on a job, without waiting for it; true, or nil and a sentence.
  function program.start(path, folder)
    if path:find('"', 1, true) or folder:find('"', 1, true) then
      return nil, 'a path with a quotation mark cannot be passed on: ' .. path .. " host " .. folder
    end
    -- -2: do not wait, open no window.
    if reaper.ExecProcess(('"%s" host "%s"'):format(path, folder), -2) == nil then
      return nil, "the program could not be started: " .. path .. ". See `hitpoint doctor`."
    end
    return true
  end

  return program
end
