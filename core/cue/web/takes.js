/* Takes: which one is heard, in words, in the row over the timeline, and as a bracket over the stems it changed. */

const takeButtons = [...document.querySelectorAll("[data-take]")];
const indexOfTake = (button) => cue.takes.findIndex((take) => take.number === Number(button.dataset.take));

/** Hear a take of the row; outside of it nothing happens. */
function choose(index) {
  if (!cue.takes[index]) return;
  hear(index).then(showTake);
  showTake();
}

/** Mark the take that is heard, and say what it is. */
function showTake() {
  const take = heardTake();
  for (const button of takeButtons) {
    const place = indexOfTake(button);
    button.setAttribute("aria-pressed", String(place === player.heard));
    button.title = cue.takes[place].words + (place < 9 ? ` (key ${place + 1})` : "");
  }
  const used = cue.takes.find(({ inUse }) => inUse);
  const shown = player.mode === "mix" ? "waveforms, hits and chords" : "hits and chords";
  byId("takewords").textContent = take.words;
  byId("takenote").textContent = take.inUse || !used ? "in use" : `${shown} shown are those of take ${used.number}, in use`;
  redraw();
}

/** The holes of the take that is heard. */
function drawHoles() {
  heardTake().holes.forEach(drawHole);
}

/** A bracket over each group of stems of a hole, and a line at each seam. */
function drawHole(hole) {
  const lanes = LANES.filter((lane) => lane.stem && hole.stems.includes(lane.id));
  for (let i = 0; i < lanes.length; ) {
    let last = i;
    while (last + 1 < lanes.length && lanes[last + 1].top === lanes[last].top + lanes[last].height) last += 1;
    drawBracket(xOf(hole.start), xOf(hole.end), lanes[i].top, lanes[last].top + lanes[last].height);
    i = last + 1;
  }
}

function drawBracket(left, right, top, bottom) {
  const from = Math.round(left) + 0.5;
  const to = Math.round(right) - 0.5;
  if (to < 0 || from > view.width) return;
  brush.globalAlpha = 0.07;
  brush.fillStyle = colours.text;
  brush.fillRect(from, top + 1, to - from, bottom - top - 1);
  brush.globalAlpha = 0.55;
  for (const x of [from, to]) line(x, top + 2, x, bottom, colours.text, 1);
  brush.globalAlpha = 1;
  brush.strokeStyle = colours.text;
  brush.lineWidth = 2;
  brush.beginPath();
  brush.moveTo(from, top + 8);
  brush.lineTo(from, top + 2.5);
  brush.lineTo(to, top + 2.5);
  brush.lineTo(to, top + 8);
  brush.stroke();
}
