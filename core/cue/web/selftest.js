/* With #selftest in its address the page tries itself in the browser at hand, and says on the console what it found. */

async function selftest() {
  await prepared;
  const found = { mode: player.mode, ready: player.ready, stems: {}, audible: {} };
  for (const [name, buffer] of sounds) found.stems[name] = { samples: buffer.length, rate: buffer.sampleRate, peak: peakAt(buffer) };
  found.timecodes = cue.hits.every((hit) => timecode(frameAt(hit.time)) === hit.timecode);
  found.first = timecode(0);
  found.last = timecode(cue.frames);
  for (const { name } of cue.stems) {
    player.solo.add(name);
    found.audible[name] = rootMeanSquare(await heardOf([player.heard]));
    player.solo.delete(name);
  }
  Object.assign(found, await tryTakes());
  zoom(40, view.width / 2);
  go(cue.seconds / 2);
  drawLanes();
  show(0, 0);
  dress("dark");
  go(0);
  found.drawn = [...brush.getImageData(0, 0, canvas.width, canvas.height).data].some((value) => value > 0);
  return found;
}

/** The loudest sample of a buffer: where it is. */
function peakAt(buffer) {
  const samples = buffer.getChannelData(0);
  let best = 0;
  for (let i = 1; i < samples.length; i += 1) if (Math.abs(samples[i]) > Math.abs(samples[best])) best = i;
  return best;
}

/** Every take, and a change from the first to the third and back: what is heard of each, and what the page says. */
async function tryTakes() {
  if (player.mode !== "stems" || cue.takes.length < 2 || cue.seconds > 10) return {};
  const takes = {};
  for (let index = 0; index < cue.takes.length; index += 1) {
    press("Digit" + (index + 1));
    const words = `${byId("takewords").textContent} (${byId("takenote").textContent})`;
    takes[cue.takes[index].number] = { words, heard: packed(await heardOf([index])), waves: heardTake().layers.map(waveSum) };
  }
  press("BracketLeft", "[");
  const back = heardTake().number;
  return { takes, back, changes: packed(await heardOf([0, 2 % cue.takes.length, 0])) };
}

function press(code, key = "") {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { code, key, bubbles: true }));
}

const waveSum = (index) => outlineOf(index).reduce((sum, value) => sum + Math.abs(value), 0);

/** What the switches let through of some takes, played offline and changed at equal times; one channel. */
async function heardOf(takes) {
  if (player.mode !== "stems") return null;
  const context = new OfflineAudioContext(2, Math.round(48000 * Math.min(cue.seconds, 10)), 48000);
  const gains = connect(context);
  let sounding = startTake(context, gains, cue.takes[takes[0]], 0, 0);
  for (let i = 1; i < takes.length; i += 1) {
    const when = (i * context.length) / context.sampleRate / takes.length;
    sounding = changeTake(context, gains, sounding, cue.takes[takes[i]], when, when);
  }
  return (await context.startRendering()).getChannelData(0);
}

const rootMeanSquare = (samples) => samples && Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);

/** Samples as 16-bit integers in base64. */
function packed(samples) {
  const bytes = new Uint8Array(Int16Array.from(samples, (value) => Math.round(clamp(value, -1, 1) * 32767)).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

if (location.hash === "#selftest") {
  selftest().then((found) => console.log("selftest " + JSON.stringify(found)));
}
