/* The view: which part of the cue is on the stage, and how wide a second is. */

const view = { start: 0, perSecond: 100, width: 800, fits: true };

const xOf = (seconds) => (seconds - view.start) * view.perSecond;
const secondsAt = (x) => view.start + x / view.perSecond;
const viewEnd = () => secondsAt(view.width);
const fitScale = () => view.width / cue.seconds;
const maxScale = () => Math.max(fitScale(), 36 * RATE);

/** Show from `start` seconds at `perSecond` pixels, kept inside the cue. */
function show(start, perSecond) {
  view.perSecond = clamp(perSecond, fitScale(), maxScale());
  view.start = clamp(start, 0, Math.max(0, cue.seconds - view.width / view.perSecond));
  view.fits = view.perSecond <= fitScale() * 1.0001;
  redraw();
}

/** Zoom by a factor; what lies at `x` stays there. */
function zoom(factor, x) {
  const still = secondsAt(x);
  const perSecond = clamp(view.perSecond * factor, fitScale(), maxScale());
  show(still - x / perSecond, perSecond);
}

/** Take a new width; a view that showed everything goes on showing everything. */
function resize(width) {
  view.width = Math.max(1, width);
  show(view.start, view.fits ? fitScale() : view.perSecond);
}

let drawing = false;

/** Draw once, with the next picture of the screen. */
function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawLanes();
    drawMap();
    placePlayhead();
  });
}
