--- Plain data as JSON. Lists are marked (`json.list`), since an empty table says not which it is.

return function()
  local json = {null = {}}
  local LIST, RAW = {}, {}
  local SHORT = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t"}

  --- The table as a list, empty or not.
  function json.list(values) return setmetatable(values, LIST) end

  --- A list whose entries are JSON already.
  function json.encoded(texts) return setmetatable({text = "[" .. table.concat(texts, ",\n") .. "]"}, RAW) end

  local function escaped(character) return SHORT[character] or ("\\u%04x"):format(character:byte()) end

  -- Bytes that are no UTF-8 (old file names) travel as lone surrogates, from which Python makes the same bytes.
  local function wellformed(text)
    local parts = {}
    while true do
      local length, bad = utf8.len(text)
      if length then break end
      parts[#parts + 1] = text:sub(1, bad - 1):gsub('[%c"\\]', escaped)
      parts[#parts + 1] = ("\\udc%02x"):format(text:byte(bad))
      text = text:sub(bad + 1)
    end
    parts[#parts + 1] = text:gsub('[%c"\\]', escaped)
    return '"' .. table.concat(parts) .. '"'
  end

  local function number(value)
    if math.type(value) == "integer" then return ("%d"):format(value) end
    if value ~= value or value == math.huge or value == -math.huge then return "null" end
    -- A host may have set a locale that writes a comma.
    return (("%.17g"):format(value):gsub(",", "."))
  end

  local function object(value)
    local names, parts = {}, {}
    for name in pairs(value) do names[#names + 1] = name end
    table.sort(names)
    for index, name in ipairs(names) do parts[index] = wellformed(name) .. ":" .. json.encode(value[name]) end
    return "{" .. table.concat(parts, ",") .. "}"
  end

  --- The value as JSON text; numbers keep every bit, keys are sorted.
  function json.encode(value)
    local kind = type(value)
    if value == nil or value == json.null then return "null" end
    if kind == "string" then return wellformed(value) end
    if kind == "number" then return number(value) end
    if kind == "boolean" then return tostring(value) end
    if getmetatable(value) == RAW then return value.text end
    if getmetatable(value) ~= LIST then return object(value) end
    local parts = {}
    for index, entry in ipairs(value) do parts[index] = json.encode(entry) end
    return "[" .. table.concat(parts, ",") .. "]"
  end

  return json
end
