-- What the five menu entries do: Score range, Re-roll, Next take, Previous take, Cancel.

local room = ...
local host, mailbox, markers, music, panel, placing, range, report, request, state, timeline =
  room("host"), room("mailbox"), room("markers"), room("music"), room("panel"), room("placing"), room("range"),
  room("report"), room("request"), room("state"), room("timeline")

local actions = {}

local SHORT = 10 -- seconds that a short answer may take
local START = 15 -- seconds that a program being started may take before it is asked nothing more

-- Lay a placement's stems and markers, and confirm both. True when all of it stands.
local function lay(session, placement, kinds, results)
  local place = placing.aim(session, placement)
  report.sentences(place.said)
  placing.place(session, place, results)
  local length = host.whole(host.ask(session, "GetEndFrame")) - place.start
  session.marked = markers.reconcile(session, placement, kinds, length)
  placing.confirm(session, results)
  return placing.is_complete(place, results)
end

-- Place an answer and say what became of it. True when all of it stands; then the daemon may forget it.
local function place_answer(session, id, answer)
  local results, complete = {}, false
  local kinds = host.list(answer.options).markers or mailbox.options(session).markers or "all"
  session.marked = nil
  local ok, why = host.attempt(state.keep, session, function()
    complete = lay(session, answer.placement, kinds, results)
  end)
  report.sentences(host.list(answer.said), host.list(answer.placement.said))
  report.stems(results)
  if session.marked then report.markers(session.marked) end
  if not ok then host.stop(why) end
  report.hits(answer.placement)
  if complete then
    host.say("take " .. answer.placement.take .. ' of "' .. answer.placement.cue.name .. '" is on the timeline.')
    local told, refused = host.attempt(mailbox.placed, session, id)
    if not told then host.say(refused) end
  else
    host.say("not everything could be placed. Mend what is said above, then " .. host.AGAIN)
  end
  return complete
end

-- The last answer of each cue is the one that counts; those before it are laid with it.
local function newest(session)
  local order, by = {}, {}
  for _, id in ipairs(mailbox.ready(session)) do
    local answer = mailbox.answer(session, id)
    if answer and answer.ok and type(answer.placement) == "table" then
      local cue = answer.placement.cue.id
      if by[cue] then by[cue].older[#by[cue].older + 1] = by[cue].id else order[#order + 1] = cue end
      by[cue] = { id = id, answer = answer, older = by[cue] and by[cue].older or {} }
    end
  end
  local list = {}
  for place, cue in ipairs(order) do list[place] = by[cue] end
  return list
end

-- Place what earlier runs asked for and nobody laid. True when one of them is what this run is asked for, by
-- `is_asked`.
local function place_ready(session, is_asked)
  local served = false
  for _, one in ipairs(newest(session)) do
    host.say("an earlier request is ready; it is placed first.")
    local complete = place_answer(session, one.id, one.answer)
    for _, id in ipairs(complete and one.older or {}) do host.attempt(mailbox.placed, session, id) end
    served = served or (complete and is_asked(one.answer))
  end
  return served
end

-- Ask the program to stop one request; its answer then says so.
local function stop_work(session, id)
  local fields = request.fields(session, "cancel")
  fields.of = id
  local sent, why = host.attempt(mailbox.send, session, fields, true)
  host.say(sent and "cancel asked for." or why)
end

-- Progress as it is heard: in the window where there is one, else a line whenever it has moved on by a tenth or the
-- stage changed.
local function listener(session, fields)
  local window, last, cancelled = panel.progress(session, "Waiting for Hitpoint"), "", false
  session.window = window
  return function(progress)
    local share = progress and tonumber(progress.progress) or 0
    local words = progress and host.whole(share * 100) .. " % " .. tostring(progress.words or progress.stage or "")
    local tenth = progress and tostring(progress.stage) .. math.floor(share * 10)
    if window and panel.step(window, words or "Waiting for Hitpoint") and not cancelled then
      cancelled = true
      stop_work(session, fields.id)
    elseif not window and tenth and tenth ~= last then
      last = tenth
      host.say(words)
    end
  end
end

local function sentence_of(answer)
  local failure = host.list(answer.error)
  return failure.sentence or failure.what or "the program gave no answer that this script understands"
end

-- Send a request, wait for what comes of it and place it.
local function carry_out(session, fields)
  mailbox.send(session, fields)
  host.say("asked for; waiting. Cancel with Workspace > Scripts > Hitpoint > Cancel.")
  local answer
  local ok, why = host.attempt(function() answer = mailbox.await(session, fields, listener(session, fields)) end)
  panel.close(session.window)
  if not ok then host.stop(why) end
  if not answer.ok then host.stop(sentence_of(answer)) end
  if type(answer.placement) ~= "table" then host.stop("the program's answer holds no music. Run: hitpoint doctor") end
  return fields.id, answer
end

local function names_of(list)
  local names = {}
  for place, one in ipairs(host.list(list)) do names[place] = type(one) == "table" and one.name or one end
  return names
end

-- The stems that can be chosen: those of the engine in use, else of the first one.
local function stems_of(daemon, options)
  local engines = host.list(daemon.engines)
  for _, engine in ipairs(engines) do
    if engine.name == options.engine then return host.list(engine.stems) end
  end
  return engines[1] and host.list(engines[1].stems) or {}
end

-- Remember a choice for this project; it must be known before the request that shall follow it.
local function remember(session, choice)
  local fields = request.fields(session, "options")
  fields.e, fields.s, fields.seed = choice.engine, choice.style, choice.seed
  fields.us = choice.under_speech ~= nil and (choice.under_speech and "1" or "0") or nil
  fields.stems = choice.stems
  mailbox.send(session, fields)
  local answer = mailbox.await_briefly(session, fields, SHORT)
  if answer and not answer.ok then host.stop(sentence_of(answer)) end
  if not answer then host.say("the options could not be remembered now; those of before are used.") end
end

-- What the program says of itself, where a panel can ask by it; a program being started is waited for then.
local function known_program(session)
  return panel.is_there(session) and mailbox.come(session, START) or nil
end

-- Where nothing is selected or marked, the panel asks once, where there is one. False when the user cancelled there.
local function ask_to_score(session, chosen)
  local daemon = chosen.by == "timeline" and known_program(session)
  if not daemon then return true end
  local options = mailbox.options(session)
  local shown, choice = panel.ask(session, {
    words = "Score " .. range.words(chosen) .. ".",
    button = "Score",
    engines = names_of(daemon.engines),
    styles = names_of(daemon.styles),
    stems = stems_of(daemon, options),
    options = options,
  })
  if not shown then return true end
  if choice then remember(session, choice) end
  return choice ~= nil
end

-- What may have changed on the timeline while the music was written.
local function tell_changes(session, facts, chosen, before)
  if not host.still(session) then return end
  if timeline.picture(session, timeline.read(session), chosen.first, chosen.last) ~= before then
    host.say("the picture in the range has changed since this was asked for; "
      .. "the music was written for the picture as it was.")
  end
end

local function range_fields(session, action, facts, chosen)
  local fields = request.fields(session, action)
  fields["in"], fields.out = chosen.first, chosen.last
  fields.df, fields.sr = facts.drop and 1 or 0, facts.sample_rate
  return fields
end

-- Send, wait, and place with a word about what changed meanwhile.
local function score_span(session, facts, chosen, fields)
  local before = timeline.picture(session, facts, chosen.first, chosen.last)
  local id, answer = carry_out(session, fields)
  tell_changes(session, facts, chosen, before)
  host.now(session)
  place_answer(session, id, answer)
end

function actions.score(session)
  local facts = timeline.read(session)
  local chosen = range.choose(session, facts)
  local served = place_ready(session, function(answer)
    local asked = host.list(answer.range)
    return answer.action == "score" and asked["in"] == chosen.first and asked.out == chosen.last
  end)
  if served then return host.say("call this again to score the same range anew.") end
  mailbox.wake(session)
  if not ask_to_score(session, chosen) then return host.say("nothing was asked for.") end
  host.say("scores " .. range.words(chosen) .. ".")
  if chosen.by == "timeline" and host.before(session, "19.1") then
    host.say("this Resolve tells scripts of no in and out marks. For a part, colour its clips " .. range.COLOUR .. ".")
  end
  local fields = range_fields(session, "score", facts, chosen)
  fields.nm = session.timeline_name
  score_span(session, facts, chosen, fields)
end

-- Where neither selection nor marks say what to re-roll, the panel asks for stems and seed, where there is one.
local function ask_to_reroll(session, hole)
  local daemon = hole.by == "playhead" and known_program(session)
  if not daemon then return true end
  local options = mailbox.options(session)
  local shown, choice = panel.ask(session, {
    words = "Re-roll the section under the playhead, frames " .. hole.first .. " to " .. hole.last - 1 .. ".",
    button = "Re-roll",
    stems = stems_of(daemon, options),
    options = {},
  })
  if not shown then return true end
  if choice then hole.stems, hole.seed = choice.stems, tonumber(choice.seed) end
  return choice ~= nil
end

-- Whether an answer is of one of these actions.
local function of_action(...)
  local wanted = { ... }
  return function(answer)
    for _, action in ipairs(wanted) do
      if answer.action == action then return true end
    end
    return false
  end
end

function actions.reroll(session)
  if place_ready(session, of_action("reroll")) then return host.say("call this again to re-roll once more.") end
  local facts = timeline.read(session)
  local hole = music.hole(session, facts)
  mailbox.wake(session)
  if not ask_to_reroll(session, hole) then return host.say("nothing was asked for.") end
  local fields = range_fields(session, "reroll", facts, hole)
  fields.cue, fields.seed = hole.cue, hole.seed
  fields.stems = hole.stems and #hole.stems > 0 and hole.stems or nil
  local stems = fields.stems and table.concat(fields.stems, ", ") or "all stems"
  host.say("re-rolls " .. stems .. " in frames " .. hole.first .. " to " .. hole.last - 1 .. ".")
  score_span(session, facts, hole, fields)
end

-- Another take of the cue, all stems together.
local function turn(session, action)
  if place_ready(session, of_action(action)) then return host.say("call this again for the take after it.") end
  local facts = timeline.read(session)
  local fields = request.fields(session, action)
  fields.cue, fields.sr = music.cue_meant(session, facts), facts.sample_rate
  mailbox.wake(session)
  local id, answer = carry_out(session, fields)
  host.now(session)
  place_answer(session, id, answer)
end

actions["next"] = function(session) turn(session, "next") end

actions.previous = function(session) turn(session, "previous") end

-- Stop what runs for this timeline. A request that waits for the program would be met by a later start, so none is
-- sent then.
function actions.cancel(session)
  if not mailbox.daemon(session) then
    return host.say("its program is not running, so nothing runs that could be cancelled.")
  end
  local fields = request.fields(session, "cancel")
  mailbox.send(session, fields)
  local answer = mailbox.await_briefly(session, fields, SHORT)
  if not answer then return host.say("the program has not answered yet; the cancel is in its mailbox.") end
  if not answer.ok then host.stop(sentence_of(answer)) end
  local count = #host.list(answer.cancelled)
  host.say(count > 0 and "cancelled (" .. count .. ")." or "nothing was running for this timeline.")
end

return actions
