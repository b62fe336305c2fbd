--- The project that an action works on. It is kept from the start: the user may go to another tab meanwhile.

return function(rooms)
  local project = {}
  local KNOWN_TRACKS = 64

  local function track_ids(handle)
    local ids = {}
    for index = 0, math.min(reaper.CountTracks(handle), KNOWN_TRACKS) - 1 do
      ids[reaper.GetTrackGUID(reaper.GetTrack(handle, index))] = true
    end
    return ids
  end

  local function of(handle, path)
    return {handle = handle, path = path or "", key = tostring(handle), tracks = track_ids(handle)}
  end

  --- The project in the active tab.
  function project.current() return of(reaper.EnumProjects(-1)) end

  local function each_open()
    local index = -1
    return function()
      index = index + 1
      return reaper.EnumProjects(index)
    end
  end

  --- The open project with a key, or nil.
  function project.known(key)
    for handle, path in each_open() do
      if tostring(handle) == key then return of(handle, path) end
    end
    return nil
  end

  --- Whether it is still open: not closed, and no other one opened in its tab.
  -- A project that was saved under another name is the same: it has the same tracks.
  function project.open(it)
    if not reaper.ValidatePtr2(0, it.handle, "ReaProject*") then return false end
    for handle, path in each_open() do
      if handle == it.handle then
        if path == it.path then return true end
        for id in pairs(track_ids(handle)) do
          if it.tracks[id] then
            it.path = path
            return true
          end
        end
        return next(it.tracks) == nil and it.path == ""
      end
    end
    return false
  end

  --- Whether its tab is the active one.
  function project.active(it) return reaper.EnumProjects(-1) == it.handle end

  --- How people call it.
  function project.name(it)
    if it.path == "" then return "the unsaved project" end
    return rooms.paths.name(it.path)
  end

  --- The folder of the project file; "" before it is saved.
  function project.folder(it) return rooms.paths.parent(it.path) end

  --- What a request tells about the project and its clock.
  function project.told(it)
    local rate, drop = reaper.TimeMap_curFrameRate(it.handle)
    local saved = it.path ~= ""
    return {
      project = {
        name = saved and rooms.paths.name(it.path) or "",
        folder = saved and reaper.GetProjectPathEx(it.handle) or "",
      },
      rate = rate,
      drop_frame = drop,
      start = reaper.GetProjectTimeOffset(it.handle, false),
    }
  end

  return project
end
