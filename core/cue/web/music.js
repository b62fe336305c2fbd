/* The lanes of the music: bars, tempo, sections, chords, waveforms; and the overview under them. */

const barStarts = cue.downbeats.map((beat) => cue.beats[beat]);

function drawBars(lane) {
  const base = lane.top + lane.height;
  const perBeat = (60 / Math.max(1, cue.bpm)) * view.perSecond;
  if (perBeat >= 5) {
    const [first, last] = visible(cue.beats, (beat) => beat, (beat) => beat);
    for (let i = first; i <= last; i += 1) line(xOf(cue.beats[i]) + 0.5, base - 5, xOf(cue.beats[i]) + 0.5, base, colours.faint);
  }
  const perBar = (cue.seconds * view.perSecond) / Math.max(1, barStarts.length);
  const every = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].find((bars) => bars * perBar >= 30) || 1024;
  const [first, last] = visible(barStarts, (start) => start, (start) => start);
  for (let bar = first; bar <= last; bar += 1) {
    const x = Math.max(xOf(barStarts[bar]), bar === 0 ? 0 : -1e9);
    if (bar % every === 0) write(String(bar + 1), x + 5, lane.top + 12, colours.dim, 11);
    if (perBar >= 4 || bar % every === 0) line(x + 0.5, base - (bar % every ? 9 : 22), x + 0.5, base, bar % every ? colours.faint : colours.dim);
  }
}

const tempi = [...cue.tempo].sort((a, b) => a - b);
const slowest = Math.min(tempi[0], cue.bpm * 0.95);
const fastest = Math.max(tempi[tempi.length - 1], cue.bpm * 1.05);

/** The felt tempo from beat to beat, over a line at the usual one. */
function drawTempo(lane) {
  const yOf = (tempo) => lane.top + 6 + ((fastest - tempo) / (fastest - slowest)) * (lane.height - 12);
  brush.setLineDash([1, 4]);
  line(0, Math.round(yOf(cue.bpm)) + 0.5, view.width, Math.round(yOf(cue.bpm)) + 0.5, colours.faint);
  brush.setLineDash([]);
  const [first, last] = visible(cue.beats, (beat) => beat, (beat) => beat);
  const step = Math.max(1, Math.floor((last - first) / (2 * view.width)));
  brush.strokeStyle = colours.text;
  brush.lineWidth = 1.5;
  brush.lineJoin = "round";
  brush.beginPath();
  for (let i = Math.max(0, first - 1); i <= Math.min(last + 1, cue.tempo.length - 1); i += step) {
    brush.lineTo(xOf((cue.beats[i] + cue.beats[i + 1]) / 2), yOf(cue.tempo[i]));
  }
  brush.stroke();
}

const TINTS = ["melody", "harmony", "bass", "effects", "drums", "marker"];

/** A section that comes back keeps its colour: A and A2 are one idea. */
const tintOf = (name) => colours[TINTS[(name.toUpperCase().charCodeAt(0) - 65 + 6 * 26) % TINTS.length]] || colours.dim;

function drawSections(lane) {
  const [first, last] = visible(cue.sections, (section) => section.start, (section) => section.end);
  for (let i = first; i <= last; i += 1) {
    const section = cue.sections[i];
    const x = xOf(section.start) + 0.75;
    const width = Math.max(0.5, xOf(section.end) - x - 0.75);
    brush.save();
    brush.beginPath();
    brush.roundRect(x, lane.top + 5, width, lane.height - 9, 4);
    brush.globalAlpha = 0.2;
    brush.fillStyle = tintOf(section.name);
    brush.fill();
    brush.clip();
    brush.globalAlpha = 1;
    const at = Math.max(x, 0) + 8;
    const y = lane.top + lane.height / 2 + 0.5;
    const end = at + (width > 18 ? write(section.name, at, y, colours.text, 12, 600) : 0);
    const bars = cue.bars[i];
    if (width > 90) write(`${bars} ${bars === 1 ? "bar" : "bars"}`, end + 8, y, colours.dim, 11);
    brush.restore();
  }
}

function drawChords(lane) {
  const [first, last] = visible(cue.chords, (chord) => chord.start, (chord) => chord.end);
  let free = -1e9;
  let said = "";
  for (let i = first; i <= last; i += 1) {
    const x = Math.max(xOf(cue.chords[i].start), 0) + 5;
    if (cue.chords[i].name === said || x < free) continue;
    if (i > first) line(x - 4.5, lane.top + 8, x - 4.5, lane.top + lane.height - 7, colours.line);
    free = x + write(cue.chords[i].name, x, lane.top + lane.height / 2 + 0.5, colours.text, 11.5, 480) + 10;
    said = cue.chords[i].name;
  }
}

/* Waveforms: each stem as a pyramid of buckets, every level four times coarser than the one below. */

const COARSEST = 1024;

/** The levels over a finest one, given as lowest and highest value of each bucket. */
function pyramid(finest) {
  const levels = [finest];
  for (let level = finest; level.length > 2 * COARSEST; levels.push(level)) {
    const coarse = new Int8Array(2 * Math.ceil(level.length / 8));
    for (let i = 0; i < level.length; i += 2) {
      const to = 2 * (i >> 3);
      coarse[to] = Math.min(coarse[to], level[i]);
      coarse[to + 1] = Math.max(coarse[to + 1], level[i + 1]);
    }
    level = coarse;
  }
  return levels;
}

for (const stem of cue.stems) stem.levels = pyramid(new Int8Array(bytesOf(stem.wave).buffer));

const FINE = 96;

/** Measure the buckets of 2 ms from one time to another in a sound that begins at `at`. */
function outline(fine, buffer, at, from, to) {
  const scale = 127 / cue.loudest;
  const lead = Math.round(at * buffer.sampleRate);
  const first = Math.floor((from * buffer.sampleRate) / FINE);
  const last = Math.min(fine.length / 2, Math.ceil((to * buffer.sampleRate) / FINE) + 1);
  fine.fill(0, 2 * first, 2 * last);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    const samples = buffer.getChannelData(channel);
    for (let bucket = first; bucket < last; bucket += 1) {
      let low = 0;
      let high = 0;
      const end = Math.min((bucket + 1) * FINE - lead, samples.length);
      for (let i = Math.max(0, bucket * FINE - lead); i < end; i += 1) {
        if (samples[i] < low) low = samples[i];
        else if (samples[i] > high) high = samples[i];
      }
      fine[2 * bucket] = Math.min(fine[2 * bucket], Math.max(-127, low * scale));
      fine[2 * bucket + 1] = Math.max(fine[2 * bucket + 1], Math.min(127, high * scale));
    }
  }
}

/** Lowest and highest value of a stem between two times, looked up on the level that fits. */
function extremes(stem, from, to) {
  const buckets = stem.levels[0].length / 2;
  const span = ((to - from) / cue.seconds) * buckets;
  const depth = clamp(Math.floor(Math.log(Math.max(1, span)) / Math.log(4)), 0, stem.levels.length - 1);
  const level = stem.levels[depth];
  const scale = buckets / cue.seconds / 4 ** depth;
  const last = level.length / 2 - 1;
  let low = 0;
  let high = 0;
  for (let i = clamp(Math.floor(from * scale), 0, last); i <= clamp(Math.floor(to * scale - 1e-9), 0, last); i += 1) {
    low = Math.min(low, level[2 * i]);
    high = Math.max(high, level[2 * i + 1]);
  }
  return [low, high];
}

/** A gentle curve lets quiet layers be seen beside loud ones. */
const shape = (value) => Math.sign(value) * (Math.abs(value) / 127) ** 0.7;

function drawStem(lane) {
  const middle = lane.top + lane.height / 2;
  const reach = lane.height / 2 - 4;
  brush.fillStyle = colours[lane.stem.name] || colours.text;
  brush.globalAlpha = audible(lane.stem.name) ? 0.92 : 0.22;
  const end = Math.min(view.width, xOf(cue.seconds));
  for (let x = 0; x < end; x += 1) {
    const [low, high] = extremes(lane.stem, secondsAt(x), secondsAt(x + 1));
    const up = shape(high) * reach;
    const down = shape(low) * reach;
    brush.fillRect(x, middle - up - 0.4, 1, up - down + 0.8);
  }
  brush.globalAlpha = 1;
}

/* Overview */

function drawMap() {
  const width = view.width;
  const height = 40;
  fitCanvas(mapCanvas, mapBrush, width, height);
  const scale = width / cue.seconds;
  mapBrush.globalAlpha = 0.16;
  for (const section of cue.sections) {
    mapBrush.fillStyle = tintOf(section.name);
    mapBrush.fillRect(section.start * scale + 0.5, 0, (section.end - section.start) * scale - 1, height);
  }
  mapBrush.globalAlpha = 0.55;
  mapBrush.fillStyle = colours.dim;
  for (let x = 0; x < width; x += 2) {
    const loud = Math.max(0, ...cue.stems.map((stem) => extremes(stem, x / scale, (x + 2) / scale)[1]));
    mapBrush.fillRect(x, height / 2 - shape(loud) * 15, 1.4, shape(loud) * 30 + 0.6);
  }
  mapBrush.globalAlpha = 0.9;
  for (const hit of cue.hits) {
    if (!hit.must) continue;
    mapBrush.fillStyle = colours.must;
    mapBrush.fillRect(hit.time * scale - 0.75, 0, 1.5, height);
  }
  mapBrush.globalAlpha = 1;
  drawWindow(scale, height);
}

/** What the stage shows, when it does not show everything. */
function drawWindow(scale, height) {
  if (view.fits) return;
  const left = view.start * scale;
  const right = Math.min(view.width, viewEnd() * scale);
  mapBrush.fillStyle = colours.card;
  mapBrush.globalAlpha = 0.66;
  mapBrush.fillRect(0, 0, left, height);
  mapBrush.fillRect(right, 0, view.width - right, height);
  mapBrush.globalAlpha = 1;
  mapBrush.strokeStyle = colours.text;
  mapBrush.lineWidth = 1.5;
  mapBrush.beginPath();
  mapBrush.roundRect(left + 1, 1, Math.max(6, right - left - 2), height - 2, 4);
  mapBrush.stroke();
}
