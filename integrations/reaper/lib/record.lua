--- Flat records as one line of text, for places that hold no more: `name=value;name=value`, with %XX where needed.

return function()
  local record = {}

  --- The text with everything but letters, digits and a few harmless signs as %XX.
  function record.escape(text)
    return (text:gsub("[^%w%._:/ -]", function(character) return ("%%%02X"):format(character:byte()) end))
  end

  --- What `escape` was given.
  function record.unescape(text)
    return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
  end

  --- A table of texts, numbers and booleans as one line, names sorted.
  function record.encode(fields)
    local names, parts = {}, {}
    for name in pairs(fields) do names[#names + 1] = name end
    table.sort(names)
    for index, name in ipairs(names) do
      local value = fields[name]
      if math.type(value) == "float" then value = ("%.17g"):format(value):gsub(",", ".") end
      parts[index] = name .. "=" .. record.escape(tostring(value))
    end
    return table.concat(parts, ";")
  end

  --- The fields of a line, all as text.
  function record.decode(line)
    local fields = {}
    for name, value in line:gmatch("([%w_]+)=([^;]*)") do fields[name] = record.unescape(value) end
    return fields
  end

  --- A list of texts as one text.
  function record.join(values)
    local parts = {}
    for index, value in ipairs(values) do parts[index] = record.escape(tostring(value)) end
    return table.concat(parts, ",")
  end

  --- What `join` was given, as texts.
  function record.split(text)
    local values = {}
    for value in (text or ""):gmatch("[^,]+") do values[#values + 1] = record.unescape(value) end
    return values
  end

  return record
end
