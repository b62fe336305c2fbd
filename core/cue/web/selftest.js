/* With #selftest in its address the page tries itself in the browser at hand, and says on the console what it found. */

async function selftest() {
  await prepared;
  const found = { mode: player.mode, ready: player.ready, stems: {}, audible: {} };
  for (const [name, buffer] of player.buffers) found.stems[name] = { samples: buffer.length, rate: buffer.sampleRate, peak: peakAt(buffer) };
  found.timecodes = cue.hits.every((hit) => timecode(frameAt(hit.time)) === hit.timecode);
  found.first = timecode(0);
  found.last = timecode(cue.frames);
  for (const { name } of cue.stems) {
    player.solo.add(name);
    found.audible[name] = await loudnessOfMix();
    player.solo.delete(name);
  }
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

/** Root mean square of what the switches let through, played offline. */
async function loudnessOfMix() {
  if (player.mode !== "stems") return null;
  const context = new OfflineAudioContext(2, Math.ceil(48000 * Math.min(cue.seconds, 5)), 48000);
  startStems(context, connect(context), 0, 0);
  const samples = (await context.startRendering()).getChannelData(0);
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
}

if (location.hash === "#selftest") {
  selftest().then((found) => console.log("selftest " + JSON.stringify(found)));
}
