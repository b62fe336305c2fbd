/* The lanes: what is drawn, one function for each. Only what is visible is drawn, so an hour stays smooth. */

const LANES = [
  { id: "ruler", height: 30, draw: drawRuler },
  { id: "picture", height: 74, label: "Picture", draw: drawPicture },
  { id: "hits", height: 34, label: "Hits", draw: drawHits },
  { id: "bars", height: 30, label: "Bars", draw: drawBars },
  { id: "tempo", height: 38, label: "Tempo", draw: drawTempo },
  { id: "sections", height: 28, label: "Sections", draw: drawSections },
  ...(cue.chords.length ? [{ id: "chords", height: 26, label: "Chords", draw: drawChords }] : []),
  ...cue.stems.map((stem) => ({ id: stem.name, height: 56, label: stem.name, stem, draw: drawStem })),
];
let stageHeight = 0;
for (const lane of LANES) {
  lane.top = stageHeight;
  stageHeight += lane.height;
}

const canvas = byId("lanes");
const brush = canvas.getContext("2d");
const mapCanvas = byId("map");
const mapBrush = mapCanvas.getContext("2d");
const FONT = getComputedStyle(document.body).fontFamily;
let colours = {};

/** Read the theme's colours from the style sheet. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ground", "card", "lane", "line", "hair", "text", "dim", "faint", "head", "must", "marker", "cut", "motion", "slate"];
  for (const name of [...names, "drums", "bass", "harmony", "melody", "effects"]) {
    colours[name] = style.getPropertyValue("--" + name).trim();
  }
}

/** Fit a canvas to its box at the screen's own resolution; leaves the brush in CSS pixels. */
function fitCanvas(target, pen, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (target.width !== size[0] || target.height !== size[1]) [target.width, target.height] = size;
  target.style.height = height + "px";
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
}

function drawLanes() {
  fitCanvas(canvas, brush, view.width, stageHeight);
  for (const lane of LANES) {
    brush.save();
    brush.beginPath();
    brush.rect(0, lane.top, view.width, lane.height);
    brush.clip();
    if (lane.top) line(0, lane.top + 0.5, view.width, lane.top + 0.5, colours.hair);
    lane.draw(lane);
    brush.restore();
  }
  drawHoles();
  drawHitLines();
}

function line(x1, y1, x2, y2, colour, width = 1) {
  brush.strokeStyle = colour;
  brush.lineWidth = width;
  brush.beginPath();
  brush.moveTo(x1, y1);
  brush.lineTo(x2, y2);
  brush.stroke();
}

function write(text, x, y, colour, size = 11, weight = 400) {
  brush.font = `${weight} ${size}px ${FONT}`;
  brush.fillStyle = colour;
  brush.textBaseline = "middle";
  brush.fillText(text, x, y);
  return brush.measureText(text).width;
}

/** The items that touch the view, of a list sorted by `start`. */
function visible(items, startOf, endOf) {
  let first = Math.max(0, lastAtOrBefore(items, view.start, startOf));
  while (first > 0 && endOf(items[first - 1]) > view.start) first -= 1;
  const last = lastAtOrBefore(items, viewEnd(), startOf);
  return [first, last];
}

/* Ruler */

const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];

function drawRuler(lane) {
  const base = lane.top + lane.height;
  const room = 104;
  const frameStep = [1, 2, 5, 10].find((step) => step < NOMINAL && secondsOf(step) * view.perSecond >= room);
  const firstSecond = Math.floor((cue.first + frameAt(view.start)) / NOMINAL) - 2;
  const step = frameStep ? 1 : CLOCK_STEPS.find((seconds) => seconds * view.perSecond >= room) || 7200;
  const lastFrame = frameAt(viewEnd());
  for (let clock = Math.floor(firstSecond / step) * step; ; clock += step) {
    const frame = frameOfClock(clock);
    if (frame > lastFrame) break;
    tick(frame, base, true);
    if (frameStep) for (let more = frameStep; more < NOMINAL; more += frameStep) tick(frame + more, base, NOMINAL - more >= frameStep);
    else for (let part = 1; part < 5; part += 1) smallTick(xOf(secondsOf(frame) + (part * step) / 5), base);
  }
}

function tick(frame, base, labelled) {
  const x = xOf(secondsOf(frame));
  if (x < -110 || x > view.width) return;
  line(x + 0.5, base - 9, x + 0.5, base, colours.faint);
  if (labelled && frame >= 0 && frame <= cue.frames) write(timecode(frame), x + 5, base - 15, colours.dim, 11);
}

function smallTick(x, base) {
  if (x >= 0 && x <= view.width) line(x + 0.5, base - 4, x + 0.5, base, colours.faint, 0.6);
}

/* Picture */

const images = new Map();

/** A thumbnail as an image, decoded when it is first seen; null until then. */
function thumbnail(index) {
  if (index < 0) return null;
  if (!images.has(index)) {
    const image = new Image();
    image.onload = redraw;
    image.src = "data:image/jpeg;base64," + cue.thumbnails[index].jpeg;
    images.set(index, image);
  }
  const image = images.get(index);
  return image.complete && image.naturalWidth ? image : null;
}

const strip = bytesOf(cue.colour.strip);

/** The picture's mean colour at a time, or null where nothing was seen. */
function colourAt(seconds) {
  const at = 4 * clamp(Math.floor(seconds * cue.colour.rate), 0, strip.length / 4 - 1);
  return strip.length && strip[at + 3] ? `rgb(${strip[at]} ${strip[at + 1]} ${strip[at + 2]})` : null;
}

function drawPicture(lane) {
  const top = lane.top + 5;
  const height = lane.height - 9;
  const [first, last] = visible(cue.shots, (shot) => shot.start, (shot) => shot.end);
  for (let i = first; i <= last; i += 1) {
    const left = xOf(cue.shots[i].start);
    const right = xOf(cue.shots[i].end);
    if (right - left < 3) drawStrip(left, right, top, height);
    else drawShot(cue.shots[i], left, right, top, height);
  }
}

function drawShot(shot, left, right, top, height) {
  const x = left + 0.75;
  const width = right - left - 1.5;
  brush.save();
  brush.beginPath();
  brush.roundRect(x, top, width, height, Math.min(4, width / 2));
  brush.clip();
  drawStrip(Math.max(0, x), Math.min(view.width, x + width), top, height);
  const image = thumbnail(shot.thumbnail);
  if (image) drawThumbnail(image, x, top, width, height);
  if (width > 34) drawName(shot, x, top, width, height);
  brush.restore();
}

/** The colour of the picture as it goes by, column by column. */
function drawStrip(left, right, top, height) {
  const step = Math.max(2, view.perSecond / cue.colour.rate);
  for (let x = Math.max(left, 0); x < Math.min(right, view.width); x += step) {
    brush.fillStyle = colourAt(secondsAt(x + Math.min(step, right - x) / 2)) || colours.slate;
    brush.fillRect(x, top, Math.min(step, right - x) + 0.5, height);
  }
}

function drawThumbnail(image, x, top, width, height) {
  const whole = (height * image.naturalWidth) / image.naturalHeight;
  const shown = Math.min(whole, width);
  const part = (shown / whole) * image.naturalWidth;
  const from = (image.naturalWidth - part) / 2;
  brush.drawImage(image, from, 0, part, image.naturalHeight, x, top, shown, height);
}

function drawName(shot, x, top, width, height) {
  const name = shot.state === "offline" ? `${shot.name} · offline` : shot.name || shot.state;
  const at = Math.max(x, 0) + 7;
  const fade = brush.createLinearGradient(0, top + height - 26, 0, top + height);
  fade.addColorStop(0, "#0000");
  fade.addColorStop(1, "#000a");
  brush.fillStyle = fade;
  brush.fillRect(x, top + height - 26, width, 26);
  write(name, at, top + height - 9, "#fff", 11, 500);
}

/* Hits */

const hitColour = (hit) => (hit.must ? colours.must : colours[hit.kind]);

/** Pixels between neighbouring hits, on average: how much may be said of each. */
const hitRoom = (hits = cue.hits) => (hits.length ? (cue.seconds * view.perSecond) / hits.length : 1e9);

const musts = cue.hits.filter((hit) => hit.must);

function drawHits(lane) {
  const middle = lane.top + lane.height / 2;
  const small = hitRoom() < 10;
  const smallMust = hitRoom(musts) < 14;
  const [first, last] = visible(cue.hits, (hit) => hit.time, (hit) => hit.time + 200 / view.perSecond);
  let free = -1e9;
  for (let i = first; i <= last; i += 1) {
    const hit = cue.hits[i];
    const x = xOf(hit.time);
    if (hit.must ? smallMust : small) line(x, middle - 5, x, middle + 5, hitColour(hit), hit.met ? 1 : 0.5);
    else sign(hit, x, middle);
    const next = i < cue.hits.length - 1 ? xOf(cue.hits[i + 1].time) : 1e9;
    if (hit.label && hit.kind === "marker" && x > free && next - x > 44) free = label(hit, x, middle, next);
  }
}

function label(hit, x, middle, next) {
  const words = shortened(hit.label, next - x - 22, 11.5, 550);
  return x + 14 + write(words, x + 11, middle + 0.5, hitColour(hit), 11.5, 550);
}

/** A text cut to a width, with an ellipsis where something is left out. */
function shortened(text, width, size, weight) {
  brush.font = `${weight} ${size}px ${FONT}`;
  if (brush.measureText(text).width <= width) return text;
  const fits = (length) => brush.measureText(text.slice(0, length).trimEnd() + "…").width <= width;
  let length = Math.min(text.length, Math.ceil(width / 3));
  while (length > 0 && !fits(length)) length -= 1;
  return length ? text.slice(0, length).trimEnd() + "…" : "";
}

/** Accents are diamonds, hits on the grid discs, stops squares; what was not met stays open. */
function sign(hit, x, y) {
  const shape = hit.met ? hit.how || "grid" : "open";
  brush.beginPath();
  if (shape === "accent") [[0, -6.5], [6.5, 0], [0, 6.5], [-6.5, 0]].forEach(([dx, dy]) => brush.lineTo(x + dx, y + dy));
  else if (shape === "stop") brush.rect(x - 4.5, y - 4.5, 9, 9);
  else brush.arc(x, y, 4.2, 0, 2 * Math.PI);
  brush.closePath();
  if (shape === "open") {
    brush.strokeStyle = hitColour(hit);
    brush.lineWidth = 1.5;
    brush.stroke();
  } else {
    brush.fillStyle = hitColour(hit);
    brush.fill();
  }
}

/** Hits reach down to the sound: where they are met, the waveform shows it. */
function drawHitLines() {
  const lane = LANES.find(({ id }) => id === "hits");
  const air = clamp((hitRoom() - 4) / 16, 0, 1);
  const mustAir = clamp(hitRoom(musts) / 40, 0.15, 1);
  const [first, last] = visible(cue.hits, (hit) => hit.time, (hit) => hit.time);
  for (let i = first; i <= last; i += 1) {
    const hit = cue.hits[i];
    const x = Math.round(xOf(hit.time)) + 0.5;
    const strength = hit.must ? 0.75 * mustAir : (hit.how === "grid" ? 0.2 : 0.38) * air;
    if (strength < 0.02) continue;
    brush.globalAlpha = strength;
    brush.setLineDash(hit.met ? [] : [2, 4]);
    line(x, lane.top + lane.height / 2 + 9, x, stageHeight, hitColour(hit));
  }
  brush.globalAlpha = 1;
  brush.setLineDash([]);
}
