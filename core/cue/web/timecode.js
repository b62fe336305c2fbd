"use strict";

/* Time: seconds from the range's start, frames of the timeline, record timecode. */

const cue = JSON.parse(document.getElementById("cue").textContent);
const byId = (id) => document.getElementById(id);

const RATE = cue.rate[0] / cue.rate[1];
const NOMINAL = Math.max(1, Math.round(RATE));
const DROPPED = cue.drop ? Math.floor(NOMINAL / 15) : 0;
const DAY = cue.drop ? 144 * (600 * NOMINAL - 9 * DROPPED) : 86400 * NOMINAL;

const secondsOf = (frame) => (frame * cue.rate[1]) / cue.rate[0];
const frameAt = (seconds) => Math.round(seconds * RATE);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Record timecode of a frame counted from the range's start. */
function timecode(frame) {
  let count = (((cue.first + frame) % DAY) + DAY) % DAY;
  if (cue.drop) {
    const perMinute = 60 * NOMINAL - DROPPED;
    const perTen = 10 * perMinute + DROPPED;
    const tens = Math.floor(count / perTen);
    const rest = count % perTen;
    const minutes = rest < 60 * NOMINAL ? 0 : 1 + Math.floor((rest - 60 * NOMINAL) / perMinute);
    count += DROPPED * (9 * tens + minutes);
  }
  const two = (value, digits = 2) => String(value).padStart(digits, "0");
  const seconds = Math.floor(count / NOMINAL);
  const frames = two(count % NOMINAL, NOMINAL > 100 ? 3 : 2);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => two(part));
  return clock.join(":") + (cue.drop ? ";" : ":") + frames;
}

/** Frame, from the range's start, of the first frame of a whole second of timecode. */
function frameOfClock(seconds) {
  const minutes = Math.floor(seconds / 60);
  const skipped = DROPPED * (minutes - Math.floor(minutes / 10));
  const missing = seconds % 60 === 0 && minutes % 10 !== 0 ? DROPPED : 0;
  return seconds * NOMINAL - skipped + missing - cue.first;
}

/** Index of the last item whose value is at or before `value`; -1 when there is none. */
function lastAtOrBefore(items, value, of = (item) => item) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(items[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Bytes of a base64 text. */
function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
