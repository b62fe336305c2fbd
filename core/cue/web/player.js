/* The player: five stems on one clock, muted and soloed; or, for long cues, the mix file beside the page. */

const player = {
  mode: cue.embedded ? "stems" : "mix",
  ready: false,
  playing: false,
  position: 0,
  buffers: new Map(),
  muted: new Set(),
  solo: new Set(),
  context: null,
  gains: new Map(),
  sources: [],
  startedAt: 0,
  startedFrom: 0,
  attempts: 0,
  element: null,
};

/** Whether a stem is to be heard. */
const audible = (name) => (player.solo.size ? player.solo.has(name) : !player.muted.has(name));

/** Decode the stems that travel in the page. */
async function decodeStems() {
  const decoder = new OfflineAudioContext(2, 1, 48000);
  for (const stem of cue.stems) {
    const text = document.querySelector(`script[data-sound="${stem.name}"]`).textContent;
    const buffer = await decoder.decodeAudioData(bytesOf(text).buffer);
    player.buffers.set(stem.name, buffer);
    refine(stem, buffer);
  }
  redraw();
}

/** Make the sound ready: the stems, or the mix where they are not here or not understood. */
async function prepare() {
  if (player.mode === "stems") {
    try {
      await decodeStems();
      player.ready = true;
      return "";
    } catch (error) {
      player.buffers.clear();
      player.mode = "mix";
    }
  }
  return linkMix();
}

function linkMix() {
  if (!cue.mix) return Promise.resolve("There is no sound in this page.");
  const element = new Audio();
  element.preload = "metadata";
  player.element = element;
  return new Promise((resolve) => {
    const why = cue.embedded ? "This browser cannot decode the stems" : "A long cue";
    element.addEventListener("loadedmetadata", () => {
      player.ready = true;
      resolve(`${why}: the mix is played from its file.`);
    });
    element.addEventListener("error", () => resolve("The mix was not found beside this page."));
    element.src = cue.mix;
  });
}

/** A gain for each stem, joined to a context. */
function connect(context) {
  const gains = new Map();
  for (const name of player.buffers.keys()) {
    const gain = context.createGain();
    gain.gain.value = audible(name) ? 1 : 0;
    gain.connect(context.destination);
    gains.set(name, gain);
  }
  return gains;
}

/** Start every stem at one moment of the context's clock, from the same place of the cue. */
function startStems(context, gains, when, from) {
  return [...player.buffers].map(([name, buffer]) => {
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(gains.get(name));
    source.start(when, from);
    return source;
  });
}

/** Play from the position; from the start when it is at the end. */
async function play() {
  if (!player.ready || player.playing) return;
  if (player.position >= cue.seconds - 0.5 / RATE) player.position = 0;
  player.playing = true;
  player.attempts += 1;
  const attempt = player.attempts;
  if (player.mode === "mix") {
    player.element.currentTime = player.position;
    // Stopped before it began: that is no error.
    await player.element.play().catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
    return;
  }
  if (!player.context) {
    player.context = new AudioContext({ latencyHint: "interactive" });
    player.gains = connect(player.context);
  }
  await player.context.resume();
  if (!player.playing || attempt !== player.attempts) return;
  player.startedAt = player.context.currentTime + 0.03;
  player.startedFrom = player.position;
  player.sources = startStems(player.context, player.gains, player.startedAt, player.startedFrom);
}

function halt() {
  if (!player.playing) return;
  player.position = where();
  player.playing = false;
  if (player.element) player.element.pause();
  for (const source of player.sources) source.stop();
  player.sources = [];
}

/** What is heard now, in seconds from the range's start. */
function where() {
  if (!player.playing) return player.position;
  if (player.mode === "mix") return Math.min(player.element.currentTime, cue.seconds);
  if (!player.sources.length) return player.position;
  const latency = player.context.outputLatency || player.context.baseLatency || 0;
  const played = player.context.currentTime - player.startedAt - latency;
  return clamp(player.startedFrom + played, player.startedFrom, cue.seconds);
}

/** Go to a time; playing goes on from there. */
function seek(seconds) {
  const going = player.playing;
  halt();
  player.position = clamp(seconds, 0, cue.seconds);
  if (player.element) player.element.currentTime = player.position;
  if (going) play();
}

/** Bring the gains to what the switches say, without a click. */
function applySwitches() {
  if (!player.context) return;
  for (const [name, gain] of player.gains) {
    gain.gain.setTargetAtTime(audible(name) ? 1 : 0, player.context.currentTime, 0.008);
  }
}
