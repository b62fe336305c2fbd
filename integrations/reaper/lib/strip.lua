--- A small window of REAPER's own graphics: what is being done, how far it is, and buttons.

return function(rooms)
  local strip = {}
  local WIDTH, HEIGHT, MARGIN, BUTTON_HEIGHT = 460, 96, 12, 26
  local pressed, closed, opened = false, false, false

  --- Whether this can be shown.
  function strip.possible() return rawget(_G, "gfx") ~= nil end

  local function open()
    gfx.init("Hitpoint", WIDTH, HEIGHT, 0)
    gfx.setfont(1, "Arial", 15)
    opened = true
  end

  local function colour(red, green, blue) gfx.set(red / 255, green / 255, blue / 255, 1) end

  local function text_at(text, x, y)
    gfx.x, gfx.y = x, y
    gfx.drawstr(text)
  end

  local function draw_bar(fraction)
    local width = gfx.w - 2 * MARGIN
    colour(70, 70, 70)
    gfx.rect(MARGIN, 34, width, 10, 1)
    colour(96, 165, 250)
    gfx.rect(MARGIN, 34, math.floor(width * math.max(0, math.min(1, fraction))), 10, 1)
  end

  -- Buttons stand from the right; returns the id of the one under a new click.
  local function draw_buttons(buttons, clicked)
    local right, top, hit = gfx.w - MARGIN, gfx.h - BUTTON_HEIGHT - MARGIN, nil
    for index = #buttons, 1, -1 do
      local button = buttons[index]
      local wide = gfx.measurestr(button.label) + 24
      local left = right - wide
      local over = gfx.mouse_x >= left and gfx.mouse_x < right and gfx.mouse_y >= top
        and gfx.mouse_y < top + BUTTON_HEIGHT
      colour(over and 110 or 85, over and 110 or 85, over and 110 or 85)
      gfx.rect(left, top, wide, BUTTON_HEIGHT, 1)
      colour(235, 235, 235)
      text_at(button.label, left + 12, top + 5)
      if over and clicked then hit = button.id end
      right = left - 8
    end
    return hit
  end

  local function new_click()
    local down = gfx.mouse_cap & 1 ~= 0
    local fresh = down and not pressed
    pressed = down
    return fresh
  end

  -- A menu is text: "|" between entries, ">" opens a group, "<" ends it, "!" ticks; the answer counts the leaves.
  local function menu_entries(options)
    local entries = {}
    local function add(label, call) entries[#entries + 1] = {label = label, call = call} end
    local function safe(words) return (words:gsub("[|<>!#&]", " ")) end
    for _, choice in ipairs(rooms.menu.choices()) do
      add(">" .. choice.title)
      local values = {table.unpack(choice.values)}
      if choice.none then table.insert(values, 1, {"", choice.none}) end
      for index, value in ipairs(values) do
        local mark = (index == #values and "<" or "") .. (options[choice.name] == value[1] and "!" or "")
        add(mark .. safe(value[2]), function() options[choice.name] = value[1] end)
      end
    end
    add(">Stems")
    local stems = rooms.menu.stems(options)
    for index, stem in ipairs(stems) do
      local mark = (index == #stems and "<" or "") .. (stem[2] and "!" or "")
      add(mark .. safe(stem[1]), function() rooms.menu.turn_stem(options, stem[1]) end)
    end
    for _, switch in ipairs(rooms.menu.switches()) do
      add((options[switch[1]] and "!" or "") .. switch[2], function() options[switch[1]] = not options[switch[1]] end)
    end
    local fixed = options.seed ~= ""
    add((fixed and "!" or "") .. "Same seed again" .. (fixed and " (" .. options.seed .. ")" or ""), function()
      options.seed = fixed and "" or tostring(math.random(0, 999999))
    end)
    return entries
  end

  --- Let the user choose from the options; true when something was changed.
  function strip.menu(options)
    local labels, leaves = {}, {}
    for index, entry in ipairs(menu_entries(options)) do
      labels[index] = entry.label
      if entry.call then leaves[#leaves + 1] = entry.call end
    end
    gfx.x, gfx.y = gfx.mouse_x, gfx.mouse_y
    local chosen = leaves[gfx.showmenu(table.concat(labels, "|"))]
    if chosen then chosen() end
    return chosen ~= nil
  end

  --- Draw one frame. `state`: words, fraction or nil, buttons {id, label}.
  -- @return the id of a button that was clicked, "closed" when the window was, or nil
  function strip.draw(state)
    if closed then return nil end
    if not opened then open() end
    if gfx.getchar() < 0 then
      closed = true
      return "closed"
    end
    colour(51, 51, 51)
    gfx.rect(0, 0, gfx.w, gfx.h, 1)
    colour(235, 235, 235)
    text_at(state.words, MARGIN, 10)
    if state.fraction then draw_bar(state.fraction) end
    local hit = draw_buttons(state.buttons, new_click())
    gfx.update()
    return hit
  end

  --- Close the window.
  function strip.close()
    if opened and not closed then gfx.quit() end
    opened, closed = false, false
  end

  return strip
end
