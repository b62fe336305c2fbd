/* The player: the stems of a take on one clock, muted and soloed; or, for long cues, the mix file beside the page. */

const player = {
  mode: cue.embedded ? "stems" : "mix",
  ready: false,
  playing: false,
  position: 0,
  heard: Math.max(0, cue.takes.findIndex((take) => take.inUse)),
  muted: new Set(),
  solo: new Set(),
  context: null,
  gains: new Map(),
  sounding: new Map(),
  changedAt: 0,
  startedAt: 0,
  startedFrom: 0,
  attempts: 0,
  element: null,
};

/** Whether a stem is to be heard. */
const audible = (name) => (player.solo.size ? player.solo.has(name) : !player.muted.has(name));

/** The take that is heard: an entry of `cue.takes`. */
const heardTake = () => cue.takes[player.heard];

/** Decode the sounds that travel in the page. */
async function decodeSounds() {
  const decoder = new OfflineAudioContext(2, 1, 48000);
  for (const element of document.querySelectorAll("script[data-sound]")) {
    sounds.set(element.dataset.sound, await decoder.decodeAudioData(bytesOf(element.textContent).buffer));
  }
  showWaves();
}

/** Once its sounds are decoded, the waveforms of the take that is heard are drawn from their samples. */
function showWaves() {
  for (const index of heardTake().layers) {
    const stem = cue.stems.find(({ name }) => name === cue.layers[index].stem);
    if (stem) stem.levels = pyramid(outlineOf(index));
  }
  redraw();
}

/** Make the sound ready: the stems, or the mix where they are not here or not understood. */
async function prepare() {
  if (player.mode === "stems") {
    try {
      await decodeSounds();
      player.ready = true;
      return "";
    } catch (error) {
      sounds.clear();
      player.mode = "mix";
    }
  }
  return linkMix();
}

function linkMix() {
  if (!heardTake().mix) return Promise.resolve("There is no sound in this page.");
  const why = cue.embedded ? "This browser cannot decode the stems" : "A long cue";
  return loaded(heardTake()).then((element) => {
    player.element = element;
    player.ready = true;
    return `${why}: the mix is played from its file.`;
  }, () => "The mix was not found beside this page.");
}

/** The mix of a take from its file, at the position. */
function loaded(take) {
  const element = new Audio();
  element.preload = "auto";
  return new Promise((resolve, reject) => {
    element.addEventListener("loadedmetadata", () => resolve(element));
    element.addEventListener("error", reject);
    element.src = take.mix;
  });
}

/** A gain for each stem, joined to a context. */
function connect(context) {
  const gains = new Map();
  for (const { name } of cue.stems) {
    const gain = context.createGain();
    gain.gain.value = audible(name) ? 1 : 0;
    gain.connect(context.destination);
    gains.set(name, gain);
  }
  return gains;
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
  player.sounding = startTake(player.context, player.gains, heardTake(), player.startedAt, player.startedFrom);
}

function halt() {
  if (!player.playing) return;
  player.position = where();
  player.playing = false;
  if (player.element) player.element.pause();
  for (const { sources } of player.sounding.values()) for (const source of sources) source.stop();
  player.sounding = new Map();
}

/** What is heard now, in seconds from the range's start. */
function where() {
  if (!player.playing) return player.position;
  if (player.mode === "mix") return Math.min(player.element.currentTime, cue.seconds);
  if (!player.sounding.size) return player.position;
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

/** Hear another take, from the same moment on. */
async function hear(index) {
  if (!player.ready || index === player.heard || !cue.takes[index]) return;
  const before = player.heard;
  player.heard = index;
  if (player.mode === "mix") {
    await changeMix(index).catch(() => {
      if (player.heard !== index) return;
      player.heard = before;
      byId("notice").textContent = `The mix of take ${cue.takes[index].number} was not found beside this page.`;
    });
    return;
  }
  showWaves();
  if (!player.sounding.size) return;
  const when = Math.max(player.context.currentTime + 0.02, player.startedAt, player.changedAt + FADE);
  const place = player.startedFrom + (when - player.startedAt);
  player.sounding = changeTake(player.context, player.gains, player.sounding, heardTake(), when, place);
  player.changedAt = when;
}

/** The same with files: the next one starts, then the one before stops. */
async function changeMix(index) {
  const next = await loaded(cue.takes[index]);
  if (player.heard !== index) return;
  const old = player.element;
  next.currentTime = where();
  if (player.playing) await next.play();
  if (player.heard !== index || !player.playing) next.pause();
  if (player.heard !== index) return;
  player.element = next;
  old.pause();
}

/** Bring the gains to what the switches say, without a click. */
function applySwitches() {
  if (!player.context) return;
  for (const [name, gain] of player.gains) {
    gain.gain.setTargetAtTime(audible(name) ? 1 : 0, player.context.currentTime, 0.008);
  }
}
