/* Keys: what each does, wherever the focus is; then the page starts. */

function nextHit(direction) {
  const now = where();
  const times = [0, ...cue.hits.map((hit) => hit.time), cue.seconds];
  const margin = 0.5 / RATE;
  if (direction > 0) return times.find((time) => time > now + margin) ?? cue.seconds;
  return times.findLast((time) => time < now - margin) ?? 0;
}

const frameStep = (event, direction) => go(where() + direction * (event.shiftKey ? 1 : 1 / RATE));

const KEYS = {
  " ": toggle,
  ArrowLeft: (event) => frameStep(event, -1),
  ArrowRight: (event) => frameStep(event, 1),
  Home: () => go(0),
  End: () => go(cue.seconds),
  "+": () => zoom(1.6, xOf(where())),
  "=": () => zoom(1.6, xOf(where())),
  "-": () => zoom(1 / 1.6, xOf(where())),
  0: () => show(0, 0),
  "[": () => choose(player.heard - 1),
  "]": () => choose(player.heard + 1),
};
const STEM_KEYS = "qwert";
const STAGE_KEYS = { ArrowUp: () => go(nextHit(-1)), ArrowDown: () => go(nextHit(1)) };

/** Digits choose among the takes in the row. */
function takeKey(event) {
  const digit = /^Digit([1-9])$/.exec(event.code);
  return digit && cue.takes[digit[1] - 1] && (() => choose(digit[1] - 1));
}

/** Letters switch the stems, from the top. */
function stemKey(event) {
  const stem = cue.stems[STEM_KEYS.indexOf(event.key.toLowerCase())];
  return stem && (() => flip(event.shiftKey ? player.solo : player.muted, stem.name));
}

function onKey(event) {
  // Brackets are typed with AltGr on many keyboards.
  if ((event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph")) return;
  const target = event.target;
  if (target.closest("button") && (event.key === " " || event.key === "Enter")) return;
  if (target.closest(".scroll") && event.key !== " ") return;
  const action = KEYS[event.key] || takeKey(event) || stemKey(event) || (target === stage && STAGE_KEYS[event.key]);
  if (!action) return;
  action(event);
  event.preventDefault();
}

/* Start */

makeHeads();
showTake();
dress(darkWanted.matches ? "dark" : "light");
byId("chordbox").hidden = !cue.chords.length;
stage.setAttribute("aria-valuemin", "0");
stage.setAttribute("aria-valuemax", String(cue.frames));
resize(stage.clientWidth);
listen();
follow();
announce();
const prepared = prepare().then((words) => {
  byId("play").disabled = !player.ready;
  for (const button of takeButtons) button.disabled = !player.ready;
  byId("notice").textContent = words;
});
