// The sheet of ECG paper: what the server sends, where things are, and how they are drawn. All lengths in mm, y down.

const NO_SIGNAL = -32768;
const TRACE_MM = 0.3;
const SMALL_PX = 2.5; // pixels per mm below which small print and the fine grid would merge
const [THINNEST_PX, THICKEST_PX] = [0.8, 2.2]; // enlarged to be measured, a trace gains nothing from more width
const CAPITAL_PER_EM = 0.7;

/** Samples of one strip from base64 little-endian int16. */
function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true));
}

/** The sheet as sent, with decoded samples and its rows; methods say where a time, a voltage or a trace is. */
class Paper {
  constructor(data) {
    Object.assign(this, data);
    this.strips = data.strips.map((strip) => ({ ...strip, counts: decoded(strip.samples) }));
    const baselines = [...new Set(this.strips.map((strip) => strip.baseline))].sort((a, b) => a - b);
    this.strips.forEach((strip, index) => Object.assign(strip, this.#band(strip, baselines), { index }));
  }

  /** The room of a strip: half way to its neighbours, at most 30 mm. */
  #band(strip, baselines) {
    const row = baselines.indexOf(strip.baseline);
    const above = row > 0 ? (baselines[row - 1] + strip.baseline) / 2 : 1;
    const last = row + 1 === baselines.length;
    const below = last ? this.height - this.seconds_mm : (baselines[row + 1] + strip.baseline) / 2;
    return { top: Math.max(above, strip.baseline - 30), bottom: Math.min(below, strip.baseline + 30) };
  }

  x(time) {
    return this.left + (time - this.start) * this.speed;
  }

  time(x) {
    return this.start + (x - this.left) / this.speed;
  }

  /** Height of a voltage of the lead; a strip that is drawn inverted turns it. */
  y(strip, mv) {
    return strip.baseline - strip.sign * mv * this.gain;
  }

  mv(strip, y) {
    return (strip.sign * (strip.baseline - y)) / this.gain;
  }

  shows(strip, time) {
    const x = this.x(time);
    return x >= strip.x0 - 1e-6 && x <= strip.x0 + strip.width + 1e-6;
  }

  /** Voltage as drawn at a time, or null. */
  drawn(strip, time) {
    const count = strip.counts[Math.round(time * strip.fs) - strip.first];
    return count === undefined || count === NO_SIGNAL ? null : count * this.unit_mv;
  }

  /** The strip whose trace is nearest to a point, the time clipped to it. */
  nearest(x, y) {
    const beside = (strip) => Math.max(strip.x0 - x, x - strip.x0 - strip.width, 0);
    const near = Math.min(...this.strips.map(beside));
    let best = null;
    for (const strip of this.strips.filter((one) => beside(one) <= near + 1e-6)) {
      const drawn = this.drawn(strip, this.time(x)) ?? 0;
      const distance = Math.min(Math.abs(y - strip.baseline), Math.abs(y - strip.baseline + drawn * this.gain));
      if (best === null || distance < best.distance) best = { strip, distance };
    }
    return best.strip;
  }
}

/** Where the window stands on the sheet: converts mm to device pixels of its canvas. */
class Lens {
  constructor(view, scale) {
    this.ratio = window.devicePixelRatio || 1;
    this.unit = scale * this.ratio;
    this.left = Math.round(view.scrollLeft * this.ratio);
    this.top = Math.round(view.scrollTop * this.ratio);
    this.width = Math.round(view.clientWidth * this.ratio);
    this.height = Math.round(view.clientHeight * this.ratio);
  }

  get small() {
    return this.unit / this.ratio < SMALL_PX;
  }

  x(mm) {
    return mm * this.unit - this.left;
  }

  y(mm) {
    return mm * this.unit - this.top;
  }

  /** Fit a canvas to the window and clear it. */
  clear(canvas) {
    if (canvas.width !== this.width || canvas.height !== this.height) {
      canvas.width = this.width;
      canvas.height = this.height;
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }

  /** Whether any of a box in mm is in the window. */
  sees(left, right, top, bottom) {
    return this.x(right) > 0 && this.x(left) < this.width && this.y(bottom) > 0 && this.y(top) < this.height;
  }

  font(context, capitalMm, family, { bold = false, least = 10, most = 20 } = {}) {
    const size = Math.min(Math.max((capitalMm / CAPITAL_PER_EM) * this.unit, least * this.ratio), most * this.ratio);
    context.font = `${bold ? "600 " : ""}${size}px ${family}`;
  }
}

/** Draw grid, pulses, traces, names, beats and seconds. */
function drawPaper(canvas, paper, lens, colours) {
  const context = lens.clear(canvas);
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, Math.min(lens.width, lens.x(paper.width)), Math.min(lens.height, lens.y(paper.height)));
  drawGrid(context, paper, lens, colours);
  drawBeats(context, paper, lens, colours);
  drawSeconds(context, paper, lens, colours);
  for (const strip of paper.strips) drawName(context, paper, strip, lens, colours);
  context.strokeStyle = colours.ink;
  context.lineWidth = Math.min(Math.max(TRACE_MM * lens.unit, THINNEST_PX * lens.ratio), THICKEST_PX * lens.ratio);
  context.lineJoin = "round";
  context.lineCap = "round";
  for (const pulse of paper.pulses) strokeLine(context, pulse.map(([x, y]) => [lens.x(x), lens.y(y)]));
  for (const strip of paper.strips) drawTrace(context, paper, strip, lens);
}

function strokeLine(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

/** Lines of 1 mm and 5 mm, each on whole device pixels; the fine ones go when they would merge. */
function drawGrid(context, paper, lens, colours) {
  const fine = Math.max(1, Math.round(0.1 * lens.unit));
  const bold = Math.max(fine + (lens.unit > 6 ? 1 : 0), Math.round(0.18 * lens.unit));
  if (!lens.small) gridLines(context, paper, lens, 1, fine, colours.fine);
  gridLines(context, paper, lens, 5, bold, colours.bold);
}

function gridLines(context, paper, lens, step, thick, colour) {
  context.fillStyle = colour;
  const right = Math.min(lens.width, lens.x(paper.width));
  const bottom = Math.min(lens.height, lens.y(paper.height));
  const skip = (mm) => step === 1 && mm % 5 === 0;
  const offset = Math.floor(thick / 2);
  const from = (edge) => Math.floor(edge / lens.unit / step) * step;
  for (let mm = from(lens.left); mm <= paper.width && lens.x(mm) <= right; mm += step) {
    if (!skip(mm)) context.fillRect(Math.round(lens.x(mm)) - offset, 0, thick, bottom);
  }
  for (let mm = from(lens.top); mm <= paper.height && lens.y(mm) <= bottom; mm += step) {
    if (!skip(mm)) context.fillRect(0, Math.round(lens.y(mm)) - offset, right, thick);
  }
}

/** One trace, clipped to the sheet; samples outside the window are passed over. */
function drawTrace(context, paper, strip, lens) {
  const perSample = (paper.speed / strip.fs) * lens.unit;
  const x0 = lens.x(paper.x(strip.first / strip.fs));
  const group = Math.max(1, Math.ceil(0.5 / perSample));
  const from = Math.max(0, (Math.floor(-x0 / perSample / group) - 1) * group); // the same groups wherever the window is
  const to = Math.min(strip.counts.length, Math.ceil((lens.width - x0) / perSample) + 2);
  context.save();
  context.beginPath();
  context.rect(0, lens.y(0), lens.width, paper.height * lens.unit);
  context.clip();
  context.beginPath();
  const line = { group, x0, perSample, y0: lens.y(strip.baseline), perCount: paper.unit_mv * paper.gain * lens.unit };
  tracePath(context, strip.counts, from, to, line);
  context.stroke();
  context.restore();
}

/** At most four points for each half pixel: where the trace enters, its extremes in their order, where it leaves. */
function tracePath(context, counts, from, to, { group, x0, perSample, y0, perCount }) {
  let broken = true;
  for (let index = from; index < to; ) {
    const first = counts[index];
    if (first === NO_SIGNAL) {
      broken = true;
      index += 1;
      continue;
    }
    const x = x0 + index * perSample;
    const end = Math.min(to, index + group);
    let [low, high, last, risesLast] = [first, first, first, true];
    for (index += 1; index < end && counts[index] !== NO_SIGNAL; index += 1) {
      last = counts[index];
      if (last > high) [high, risesLast] = [last, true];
      else if (last < low) [low, risesLast] = [last, false];
    }
    if (broken) context.moveTo(x, y0 - first * perCount);
    else context.lineTo(x, y0 - first * perCount);
    broken = false;
    if (low === high) continue;
    context.lineTo(x, y0 - (risesLast ? low : high) * perCount);
    context.lineTo(x, y0 - (risesLast ? high : low) * perCount);
    context.lineTo(x, y0 - last * perCount);
  }
}

/** Words with a rim of paper around them, so that they read on the grid. */
function writeOnPaper(context, words, x, y, ratio, colour, colours) {
  context.lineJoin = "round";
  context.lineWidth = 3 * ratio;
  context.strokeStyle = colours.paper;
  context.strokeText(words, x, y);
  context.fillStyle = colour;
  context.fillText(words, x, y);
}

function drawName(context, paper, strip, lens, colours) {
  lens.font(context, paper.label_mm, colours.family, { bold: true, least: lens.small ? 8 : 11 });
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  const words = strip.missing ? `${strip.label}  lead missing` : strip.label;
  writeOnPaper(context, words, lens.x(strip.label_x), lens.y(strip.label_y), lens.ratio, colours.ink, colours);
  if (strip.x0 <= paper.left) return;
  context.fillStyle = colours.muted;
  const [x, y] = [Math.round(lens.x(strip.x0)), lens.y(strip.baseline - 3)];
  context.fillRect(x, y, lens.ratio, 6 * lens.unit);
}

/** A tick at each beat and the interval between two, in ms. */
function drawBeats(context, paper, lens, colours) {
  if (paper.beats.length === 0) return;
  lens.font(context, 1.9, colours.family);
  context.textAlign = "center";
  context.textBaseline = "middle";
  const top = lens.y(paper.beats_y + 0.8);
  const middle = top + 1.6 * lens.unit;
  const write = (words, x) => writeOnPaper(context, words, x, middle, lens.ratio, colours.muted, colours);
  if (!lens.small) write("RR, ms", lens.x(paper.left / 2));
  paper.beats.forEach((beat, index) => {
    context.fillStyle = colours.mark;
    context.fillRect(Math.round(lens.x(beat.x_mm)) - lens.ratio, top, 2 * lens.ratio, 3.2 * lens.unit);
    const next = paper.beats[index + 1];
    if (lens.small || next === undefined || beat.rr_ms === null) return;
    const words = beat.rr_ms.toFixed(0);
    if (context.measureText(words).width + 6 * lens.ratio > (next.x_mm - beat.x_mm) * lens.unit) return;
    write(words, lens.x((beat.x_mm + next.x_mm) / 2));
  });
}

function drawSeconds(context, paper, lens, colours) {
  lens.font(context, 1.9, colours.family);
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  const bottom = lens.y(paper.height);
  for (const second of paper.seconds) {
    const x = lens.x(paper.x(second));
    context.fillStyle = colours.muted;
    context.fillRect(Math.round(x), bottom - 1.5 * lens.unit, lens.ratio, 1.5 * lens.unit);
    const y = bottom - 2.1 * lens.unit;
    if (!lens.small) writeOnPaper(context, `${second} s`, x, y, lens.ratio, colours.muted, colours);
  }
}
