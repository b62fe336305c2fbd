-- The media pool: a bin for the cue, and its files in it.

local room = ...
local host, naming = room("host"), room("naming")

local pool = {}

local function subfolder(session, parent, name)
  for _, folder in ipairs(host.list(host.call(parent, "GetSubFolderList"))) do
    local told = host.call(folder, "GetName")
    if type(told) == "string" and naming.same_name(told, name) then return folder end
  end
  local made = host.call(host.now(session).pool, "AddSubFolder", parent, name)
  return made or nil
end

-- The bin "Hitpoint" / cue name, made where it is missing; the nearest one above where Resolve makes none.
local function bin(session, cue_name)
  local root = host.call(host.now(session).pool, "GetRootFolder")
  local ours = subfolder(session, root, "Hitpoint")
  return ours and (subfolder(session, ours, cue_name) or ours) or root
end

-- Of some pool items, those with a wanted file: file → pool item.
local function collect(found, clips, files)
  for _, clip in ipairs(clips) do
    local path = host.call(clip, "GetClipProperty", "File Path")
    for _, file in ipairs(type(path) == "string" and files or {}) do
      if naming.same(path, file) then found[file] = clip end
    end
  end
end

-- Whole stems say nothing of their cue in their name: it is noted on the pool item.
local function note_cue(clip, cue)
  local note = "hitpoint:" .. cue.id
  if host.call(clip, "GetClipProperty", "Comments") ~= note then
    host.call(clip, "SetClipProperty", "Comments", note)
  end
end

-- The cue that a pool item was noted for; nil for any other item.
function pool.cue_of(clip)
  local note = host.call(clip, "GetClipProperty", "Comments")
  return type(note) == "string" and note:match("^hitpoint:(%x%x%x%x%x%x%x%x)$") or nil
end

local function import_into(session, folder, files)
  host.call(host.now(session).pool, "SetCurrentFolder", folder)
  local clips = host.list(host.call(session.pool, "ImportMedia", files))
  if #clips > 0 or host.before(session, "21.1") then return clips end
  local told = {}
  for place, file in ipairs(files) do told[place] = { FilePath = file } end
  return host.list(host.call(session.pool, "ImportMedia", told))
end

local function has_all(found, files)
  for _, file in ipairs(files) do
    if found[file] == nil then return false end
  end
  return true
end

-- Import files that are in the cue's bin already or not: file → pool item; a file that Resolve does not read is
-- missing.
function pool.import(session, cue, files)
  local found = {}
  for _ = 1, 2 do
    local folder = bin(session, cue.name)
    collect(found, import_into(session, folder, files), files)
    if has_all(found, files) then break end
    collect(found, host.list(host.call(folder, "GetClipList")), files)
    if has_all(found, files) then break end
  end
  for file, clip in pairs(found) do
    local told = naming.parse(file)
    if told and not told.cue then note_cue(clip, cue) end
  end
  return found
end

-- The frame rate that Resolve froze when the file was imported; nil when it tells none.
function pool.rate(clip)
  return host.call(clip, "GetClipProperty", "FPS")
end

return pool
