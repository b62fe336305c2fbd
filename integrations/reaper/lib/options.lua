--- What the user has chosen, remembered with the project; a new project begins with the last choice on this machine.

return function(rooms)
  local options = {}
  local SECTION, KEY = "hitpoint", "options"
  -- engine and style: "" leaves the choice to the program. seed: "" draws one. stems: none are all.
  -- markers: "all" (hits and sections), "hits" or "none"; take_markers: in the takes, not in the project.
  local DEFAULTS = {
    engine = "", style = "", seed = "", under_speech = false, stems = "", markers = "all", take_markers = false,
    tempo = false, midi = false,
  }

  --- The options of a project.
  function options.of(handle)
    local text = rooms.cues.read(handle, KEY)
    return options.decode(text ~= "" and text or reaper.GetExtState(SECTION, KEY))
  end

  --- Options from their line of text; what it does not say is as it is by default.
  function options.decode(text)
    local told, found = rooms.record.decode(text), {}
    for name, default in pairs(DEFAULTS) do
      local value = told[name]
      if value == nil then
        found[name] = default
      elseif type(default) == "boolean" then
        found[name] = value == "true"
      else
        found[name] = value
      end
    end
    return found
  end

  --- Remember options with a project and for new ones.
  function options.keep(handle, chosen)
    local text = rooms.record.encode(chosen)
    rooms.cues.write(handle, KEY, text)
    reaper.SetExtState(SECTION, KEY, text, true)
  end

  local function text_or_null(text) return text ~= "" and text or rooms.json.null end

  --- What a request says of them.
  function options.told(chosen)
    return {
      engine = text_or_null(chosen.engine),
      style = text_or_null(chosen.style),
      seed = math.tointeger(tonumber(chosen.seed)) or rooms.json.null,
      under_speech = chosen.under_speech,
      stems = rooms.json.list(rooms.record.split(chosen.stems)),
      markers_wanted = chosen.markers,
    }
  end

  return options
end
