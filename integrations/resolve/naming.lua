-- What a file's path tells: pieces carry stem, section, take and cue in their name, whole stems lie in the take's
-- folder.

local naming = {}

-- One way of writing a path: separators alike, and letters where drives show that case does not count.
local function plain(path)
  local text = path:gsub("\\", "/")
  return text:match("^%a:") and text:lower() or text
end

-- What follows the last folder that is not ASCII: before it, Resolve and the program may write the same name in
-- different bytes (code pages on Windows, composed letters on macOS). Nil when all is ASCII.
local function tail(text)
  local rest = text:match("^.*[\128-\255][^/]*/+(.*)$")
  return rest
end

-- Whether two paths name the same file.
function naming.same(one, other)
  one, other = plain(one), plain(other)
  if one == other then return true end
  one, other = tail(one), tail(other)
  return one ~= nil and one == other and one:find("/", 1, true) ~= nil
end

-- Whether a path lies in a folder or below it.
function naming.inside(path, folder)
  path, folder = plain(path), plain(folder) .. "/"
  if path:sub(1, #folder) == folder then return true end
  local rest, start = tail(path), tail(folder)
  return rest ~= nil and start ~= nil and rest:sub(1, #start) == start
end

-- Names that differ in bytes beyond ASCII alone are taken for one.
function naming.same_name(one, other)
  return one == other or one:gsub("[\128-\255]+", "?") == other:gsub("[\128-\255]+", "?")
end

-- {stem, section, take, cue} of a piece, {stem, take} of a whole stem, nil of any other file.
function naming.parse(path)
  local text = path:gsub("\\", "/")
  local stem, section, take, cue = text:match("([^/]-) (%d+) [^/]*take (%d+) (%x%x%x%x%x%x%x%x)%.wav$")
  if stem then
    return { stem = stem, section = tonumber(section), take = tonumber(take), cue = cue:lower() }
  end
  take, stem = text:match("/takes/(%d+)/([^/]+)%.wav$")
  if stem then return { stem = stem, take = tonumber(take) } end
  return nil
end

return naming
