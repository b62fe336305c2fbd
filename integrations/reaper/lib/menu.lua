--- The options as one list of entries, from which a menu or a window is made.

return function(rooms)
  local menu = {}
  local MARKERS = {{"all", "Hits and sections"}, {"hits", "Hits"}, {"none", "No markers"}}
  local SWITCHES = {
    {"under_speech", "Keep out of the way of speech"}, {"take_markers", "Markers in the takes, not in the project"},
    {"tempo", "Write the tempo map into the project"}, {"midi", "MIDI items beside the stems (muted)"},
  }

  local function choice(title, name, values, none)
    return {title = title, name = name, values = values, none = none}
  end

  local function named(values)
    local pairs_of = {}
    for index, value in ipairs(values) do pairs_of[index] = {value, value} end
    return pairs_of
  end

  --- Choices of one value: {title, name, values = {{value, words}}, none = words for ""}.
  function menu.choices()
    return {
      choice("Engine", "engine", named(rooms.choices.engines), "As set in the program"),
      choice("Style", "style", named(rooms.choices.styles), "By the picture"),
      choice("Markers", "markers", MARKERS),
    }
  end

  --- Choices of yes or no: {name, words}.
  function menu.switches() return SWITCHES end

  --- The stems with whether each is asked for.
  function menu.stems(options)
    local wanted, found = {}, {}
    for _, stem in ipairs(rooms.record.split(options.stems)) do wanted[stem] = true end
    for index, stem in ipairs(rooms.choices.stems) do
      found[index] = {stem, next(wanted) == nil or wanted[stem] == true}
    end
    return found
  end

  --- Ask for a stem or not; all of them are none in particular.
  function menu.turn_stem(options, name)
    local left, all = {}, true
    for _, entry in ipairs(menu.stems(options)) do
      local on = entry[2]
      if entry[1] == name then on = not on end
      if on then left[#left + 1] = entry[1] else all = false end
    end
    options.stems = (all or #left == 0) and "" or rooms.record.join(left)
  end

  return menu
end
