/* Layers: a stem of a take is a sound of its own, or patches over the layer of another take.

   A layer is played as segments, one after the other: each says from where to where it is heard, in seconds of the cue,
   and at which time its sound begins. Around each joint both sounds are the same music, so they change there with
   straight ramps that sum to one. */

const FADE = 0.01;

/** Sounds that have been decoded: name → AudioBuffer. */
const sounds = new Map();
const segments = new Map();

/** The segments of a layer, in order, without a gap. */
function segmentsOf(index) {
  if (!segments.has(index)) {
    const layer = cue.layers[index];
    const whole = () => [{ from: 0, to: cue.seconds, at: 0, sound: layer.sound }];
    segments.set(index, layer.under === null ? whole() : layer.patches.reduce(overlaid, segmentsOf(layer.under)));
  }
  return segments.get(index);
}

/** Lay a patch over segments; what remains of one beside it must be long enough to change to, or the patch covers it. */
function overlaid(under, patch) {
  let { from, to } = { ...patch, to: patch.to ?? cue.seconds };
  const before = under.filter((one) => one.from < from).map((one) => ({ ...one, to: Math.min(one.to, from) }));
  const after = under.filter((one) => one.to > to).map((one) => ({ ...one, from: Math.max(one.from, to) }));
  if (before.length && before.at(-1).to - before.at(-1).from < FADE) from = before.pop().from;
  if (after.length && after[0].to - after[0].from < FADE) to = after.shift().to;
  return [...before, { from, to, at: patch.at, sound: patch.sound }, ...after];
}

/** How far the change at a joint has come at a time, 0 to 1; the ends of the cue are no joints. */
const changed = (joint, time) => (joint <= 0 ? 1 : joint >= cue.seconds ? 0 : clamp((time - joint) / FADE + 0.5, 0, 1));

/** Start one segment of a layer that plays from `from` at the clock's `when`; null when it is over by then. */
function startSegment(context, out, segment, when, from) {
  const last = segment.to >= cue.seconds;
  const end = last ? Infinity : segment.to + FADE / 2;
  const start = Math.max(from, segment.from > 0 ? segment.from - FADE / 2 : 0);
  if (start >= end) return null;
  const clock = (time) => when + (time - from);
  const source = context.createBufferSource();
  const level = context.createGain();
  source.buffer = sounds.get(segment.sound);
  source.connect(level).connect(out);
  level.gain.setValueAtTime(changed(segment.from, start) - changed(segment.to, start), clock(start));
  const full = segment.from + FADE / 2;
  if (segment.from > 0 && start < full) level.gain.linearRampToValueAtTime(1, clock(full));
  if (!last) {
    const fall = segment.to - FADE / 2;
    if (start < fall) level.gain.setValueAtTime(1, clock(fall));
    level.gain.linearRampToValueAtTime(0, clock(end));
  }
  if (last) source.start(clock(start), start - segment.at);
  else source.start(clock(start), start - segment.at, end - start);
  return source;
}

/** Start a layer from a place of the cue at a moment of the context's clock; it has a gain of its own. */
function startLayer(context, out, index, when, from) {
  const voice = context.createGain();
  voice.connect(out);
  const started = segmentsOf(index).map((segment) => startSegment(context, voice, segment, when, from));
  return { index, voice, sources: started.filter((source) => source) };
}

/** Start a take: every stem at one moment. Gives stem → what sounds. */
function startTake(context, gains, take, when, from) {
  return new Map(take.layers.map((index) => {
    const { stem } = cue.layers[index];
    return [stem, startLayer(context, gains.get(stem), index, when, from)];
  }));
}

/** Change from what sounds to another take at a moment, at the same place; stems that are the same play on untouched. */
function changeTake(context, gains, sounding, take, when, from) {
  const next = new Map();
  for (const index of take.layers) {
    const { stem } = cue.layers[index];
    const old = sounding.get(stem);
    if (old && old.index === index) {
      next.set(stem, old);
      continue;
    }
    const started = startLayer(context, gains.get(stem), index, when, from);
    ramp(started.voice.gain, 0, 1, when);
    next.set(stem, started);
  }
  for (const [stem, old] of sounding) if (next.get(stem) !== old) end(old, when);
  return next;
}

function ramp(gain, first, last, when) {
  gain.setValueAtTime(first, when);
  gain.linearRampToValueAtTime(last, when + FADE);
}

/** Let a layer go at a moment. */
function end(layer, when) {
  ramp(layer.voice.gain, 1, 0, when);
  for (const source of layer.sources) source.stop(when + FADE);
}

const outlines = new Map();

/** The waveform of a layer from its sounds: lowest and highest value of each bucket of 2 ms. */
function outlineOf(index) {
  if (!outlines.has(index)) {
    const layer = cue.layers[index];
    const fine = layer.under === null ? new Int8Array(2 * Math.ceil(sounds.get(layer.sound).length / FINE)) : outlineOf(layer.under).slice();
    if (layer.under === null) outline(fine, sounds.get(layer.sound), 0, 0, cue.seconds);
    for (const patch of layer.patches) outline(fine, sounds.get(patch.sound), patch.at, patch.from, patch.to ?? cue.seconds);
    outlines.set(index, fine);
  }
  return outlines.get(index);
}
