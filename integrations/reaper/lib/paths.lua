--- Paths of files and folders, with either separator.

return function()
  local paths = {}

  --- The folder that holds a file, without a separator at its end; "" where none is named.
  function paths.parent(path) return path:match("^(.*)[/\\][^/\\]*$") or "" end

  --- The last part of a path.
  function paths.name(path) return path:match("[^/\\]*$") end

  local function parts_of(path)
    local parts = {}
    for part in path:gmatch("[^/\\]+") do parts[#parts + 1] = part end
    return parts
  end

  local function absolute(path) return path:match("^[/\\]") ~= nil or path:match("^%a:[/\\]") ~= nil end

  --- How a folder is reached from another one, or nil where there is no way (another drive).
  function paths.relative(folder, base)
    local ours, theirs, same = parts_of(folder), parts_of(base), 0
    while same < #ours and same < #theirs and ours[same + 1] == theirs[same + 1] do same = same + 1 end
    if base == "" or (same == 0 and not folder:match("^[/\\][^/\\]")) then return nil end
    local way = {}
    for _ = same + 1, #theirs do way[#way + 1] = ".." end
    for index = same + 1, #ours do way[#way + 1] = ours[index] end
    return table.concat(way, "/")
  end

  --- A relative path from a folder on; an absolute one stays.
  function paths.join(base, relative)
    if absolute(relative) then return relative end
    local parts = parts_of(base)
    for part in relative:gmatch("[^/\\]+") do
      if part == ".." then table.remove(parts) else parts[#parts + 1] = part end
    end
    local root = base:match("^[/\\]+") or ""
    return root .. table.concat(parts, "/")
  end

  --- Whether two paths name one file, as far as their letters tell.
  function paths.same(one, other)
    local a, b = one:gsub("\\", "/"), other:gsub("\\", "/")
    if reaper.GetOS():match("^Win") then a, b = a:lower(), b:lower() end
    return a == b
  end

  return paths
end
