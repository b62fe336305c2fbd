/* The desk: what the hands touch (buttons, keys, pointer) and what follows the position. */

const stage = byId("stage");
const playhead = byId("playhead");
const tip = byId("tip");
const rows = [...byId("hits").rows];

/* The heads of the lanes, with a mute and a solo switch for each stem */

function makeHeads() {
  for (const lane of LANES) {
    const head = document.createElement("div");
    head.style.height = lane.height + "px";
    head.append(lane.label || "");
    if (lane.id === "tempo") head.append(note(`${tempi[0].toFixed(0)}–${tempi[tempi.length - 1].toFixed(0)}`));
    if (lane.id === "bars") head.append(note(cue.meter));
    if (lane.stem) {
      head.classList.add("stem", lane.id);
      if (player.mode === "stems") head.append(switches(lane.id));
    }
    byId("heads").append(head);
  }
}

function note(text) {
  const element = document.createElement("span");
  element.className = "note";
  element.textContent = text;
  return element;
}

function switches(name) {
  const box = document.createElement("span");
  box.className = "switches";
  for (const [kind, set] of [["mute", player.muted], ["solo", player.solo]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = kind;
    button.textContent = kind[0].toUpperCase();
    button.setAttribute("aria-label", `${kind[0].toUpperCase()}${kind.slice(1)} ${name}`);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => flip(set, name));
    box.append(button);
  }
  return box;
}

function flip(set, name) {
  if (player.mode !== "stems") return;
  if (!set.delete(name)) set.add(name);
  for (const head of document.querySelectorAll(".heads .stem")) {
    const stem = head.classList[1];
    head.classList.toggle("silent", !audible(stem));
    for (const [kind, on] of [["mute", player.muted], ["solo", player.solo]]) {
      const button = head.querySelector("." + kind);
      if (button) button.setAttribute("aria-pressed", String(on.has(stem)));
    }
  }
  applySwitches();
  redraw();
}

/* What follows the position */

function placePlayhead() {
  const x = xOf(where());
  playhead.style.transform = `translateX(${x}px)`;
  playhead.hidden = x < -1 || x > view.width + 1;
}

let shownShot = -1;
let shownHit = -1;

/** Bring every reading to the position. */
function follow() {
  const now = where();
  const frame = clamp(Math.floor(now * RATE + 1e-6), 0, cue.frames);
  byId("timecode").textContent = timecode(frame);
  readMusic(now);
  showShot(lastAtOrBefore(cue.shots, now + 1e-6, (shot) => shot.start));
  showHit(lastAtOrBefore(cue.hits, now + 1e-6, (hit) => hit.time));
  if (player.playing && !view.fits) keepInView(now);
  placePlayhead();
}

function readMusic(now) {
  const beat = Math.max(0, lastAtOrBefore(cue.beats, now + 1e-6));
  const bar = lastAtOrBefore(cue.downbeats, beat);
  byId("bar").textContent = `${bar + 1} . ${beat - (bar < 0 ? 0 : cue.downbeats[bar]) + 1}`;
  byId("tempo").textContent = cue.tempo[Math.min(beat, cue.tempo.length - 1)].toFixed(1);
  byId("section").textContent = nameAt(cue.sections, now);
  byId("chord").textContent = nameAt(cue.chords, now);
}

function nameAt(items, now) {
  const found = items[lastAtOrBefore(items, now + 1e-6, (item) => item.start)];
  return found && now < found.end ? found.name : "–";
}

function showShot(index) {
  if (index === shownShot || index < 0) return;
  shownShot = index;
  const shot = cue.shots[index];
  const image = byId("frame");
  if (shot.thumbnail >= 0) image.src = "data:image/jpeg;base64," + cue.thumbnails[shot.thumbnail].jpeg;
  else image.removeAttribute("src");
  byId("slate").textContent = shot.state === "offline" ? `${shot.name} · offline` : shot.name || shot.state;
}

function showHit(index) {
  if (index === shownHit) return;
  if (rows[shownHit]) rows[shownHit].classList.remove("now");
  if (rows[index]) rows[index].classList.add("now");
  shownHit = index;
}

function keepInView(now) {
  const x = xOf(now);
  if (x < 0 || x > view.width * 0.94) show(now - (0.08 * view.width) / view.perSecond, view.perSecond);
}

function announce() {
  const frame = clamp(frameAt(where()), 0, cue.frames);
  stage.setAttribute("aria-valuenow", String(frame));
  stage.setAttribute("aria-valuetext", timecode(frame));
}

/** One turn for each picture of the screen while the cue plays. */
function turn() {
  if (!player.playing) return;
  if (where() >= cue.seconds - 0.001 || (player.element && player.element.ended)) {
    halt();
    player.position = cue.seconds;
    showPlaying();
  }
  follow();
  requestAnimationFrame(turn);
}

function showPlaying() {
  byId("play").classList.toggle("playing", player.playing);
  byId("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
  announce();
}

function toggle() {
  if (player.playing) halt();
  else play().catch((error) => (byId("notice").textContent = `The sound did not start: ${error.message}`));
  showPlaying();
  requestAnimationFrame(turn);
}

function go(seconds) {
  seek(seconds);
  const x = xOf(player.position);
  if (x < 0 || x > view.width) show(player.position - view.width / view.perSecond / 2, view.perSecond);
  announce();
  follow();
}

/* Pointer: a mouse scrubs; a finger taps to seek, drags to move, two fingers zoom */

const touches = new Map();
let resumes = false;

function stageX(event) {
  return event.clientX - stage.getBoundingClientRect().left;
}

function onDown(event) {
  if (event.button > 0) return;
  stage.setPointerCapture(event.pointerId);
  touches.set(event.pointerId, { x: stageX(event), moved: false });
  if (event.pointerType === "touch") return;
  resumes = player.playing;
  halt();
  go(secondsAt(stageX(event)));
}

function onMove(event) {
  const touch = touches.get(event.pointerId);
  const x = stageX(event);
  if (!touch) {
    if (event.pointerType !== "touch") showTip(x, event.clientY - stage.getBoundingClientRect().top);
    return;
  }
  if (event.pointerType !== "touch") go(secondsAt(x));
  else if (touches.size === 2) pinch(event.pointerId, x);
  else if (touch.moved || Math.abs(x - touch.x) > 6) {
    show(view.start - (x - touch.x) / view.perSecond, view.perSecond);
    touch.moved = true;
    touch.x = x;
  }
}

function pinch(moving, x) {
  const [first, second] = [...touches.values()];
  const still = [...touches].find(([id]) => id !== moving)[1];
  const before = Math.max(20, Math.abs(first.x - second.x));
  touches.get(moving).x = x;
  first.moved = second.moved = true;
  zoom(Math.max(20, Math.abs(x - still.x)) / before, (x + still.x) / 2);
}

function onUp(event) {
  const touch = touches.get(event.pointerId);
  touches.delete(event.pointerId);
  if (!touch) return;
  if (event.pointerType === "touch") {
    if (!touch.moved && event.type === "pointerup") go(secondsAt(touch.x));
  } else if (resumes) toggle();
  resumes = false;
}

function onWheel(event) {
  if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY * 0.008), stageX(event));
  else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    show(view.start + (event.deltaX || event.deltaY) / view.perSecond, view.perSecond);
  } else return;
  event.preventDefault();
}

function onMap(event) {
  if (event.type === "pointerdown") byId("map").setPointerCapture(event.pointerId);
  else if (!event.buttons) return;
  const seconds = ((event.clientX - byId("map").getBoundingClientRect().left) / view.width) * cue.seconds;
  if (view.fits) go(seconds);
  else show(seconds - view.width / view.perSecond / 2, view.perSecond);
}

/* What is under the pointer, in words */

function wordsAt(x, y) {
  const lane = LANES.find(({ top, height }) => y >= top && y < top + height);
  if (!lane) return "";
  if (lane.id === "hits") {
    const near = (hit) => Math.abs(xOf(hit.time) - x);
    const hit = cue.hits.reduce((best, one) => (near(one) < near(best) ? one : best), cue.hits[0]);
    return hit && near(hit) < 9 ? hitWords(hit) : "";
  }
  if (lane.id !== "picture") return "";
  const shot = cue.shots[lastAtOrBefore(cue.shots, secondsAt(x), (one) => one.start)];
  if (!shot) return "";
  const length = frameAt(shot.end) - frameAt(shot.start);
  return `${shot.name || shot.state}${shot.state === "offline" ? " · offline" : ""}\n${timecode(frameAt(shot.start))} · ${length} frames`;
}

function hitWords(hit) {
  const kind = hit.must && hit.kind === "marker" ? "must" : hit.kind;
  const head = `${hit.timecode} · ${hit.label ? `${kind} “${hit.label}”` : kind}`;
  if (!hit.met) return `${head}\nnot met: ${hit.why}`;
  const error = hit.error === null ? "" : ` · ${hit.error.toFixed(1)} ms`;
  return `${head}\n${hit.how || "met"} on ${hit.on === "eighth" ? "an" : "a"} ${hit.on}${error}`;
}

function showTip(x, y) {
  const words = wordsAt(x, y);
  tip.hidden = !words;
  if (!words) return;
  tip.textContent = words;
  const left = clamp(x + 14, 4, Math.max(4, view.width - tip.offsetWidth - 6));
  tip.style.transform = `translate(${left}px, ${clamp(y + 16, 4, stageHeight - tip.offsetHeight - 4)}px)`;
}

/* Theme and start */

const darkWanted = matchMedia("(prefers-color-scheme: dark)");

function dress(theme) {
  document.documentElement.dataset.theme = theme;
  readColours();
  redraw();
}

function listen() {
  const middle = () => clamp(xOf(where()), 0, view.width);
  byId("play").addEventListener("click", toggle);
  byId("start").addEventListener("click", () => go(0));
  byId("in").addEventListener("click", () => zoom(1.6, middle()));
  byId("out").addEventListener("click", () => zoom(1 / 1.6, middle()));
  byId("fit").addEventListener("click", () => show(0, 0));
  byId("theme").addEventListener("click", () => dress(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  byId("hits").addEventListener("click", (event) => {
    const button = event.target.closest("[data-at]");
    if (button) go(Number(button.dataset.at));
  });
  // A button pressed with the mouse gives the keys back to the timeline.
  document.addEventListener("click", (event) => {
    if (event.detail > 0 && event.target.closest("button")) event.target.closest("button").blur();
  });
  for (const button of takeButtons) button.addEventListener("click", () => choose(indexOfTake(button)));
  document.addEventListener("keydown", onKey);
  stage.addEventListener("pointerdown", onDown);
  stage.addEventListener("pointermove", onMove);
  stage.addEventListener("pointerup", onUp);
  stage.addEventListener("pointercancel", onUp);
  stage.addEventListener("pointerleave", () => (tip.hidden = true));
  stage.addEventListener("wheel", onWheel, { passive: false });
  byId("map").addEventListener("pointerdown", onMap);
  byId("map").addEventListener("pointermove", onMap);
  darkWanted.addEventListener("change", () => dress(darkWanted.matches ? "dark" : "light"));
  new ResizeObserver(() => resize(stage.clientWidth)).observe(stage);
}
