// Calipers: pairs of times and voltages of one lead, so that they stay true at any zoom, gain, speed and layout.

const LEAST_MM = 1.0; // a shorter drag is a click, not a measurement
const AMPLITUDE_MM = 1.5; // a drag this high measures an amplitude, too
const MAX_KEPT = 12;

/** What a caliper says. */
function measured(caliper) {
  const ms = caliper.interval ? Math.abs(caliper.times[1] - caliper.times[0]) * 1000 : null;
  const mv = caliper.amplitude ? Math.abs(caliper.mvs[1] - caliper.mvs[0]) : null;
  return { ms, bpm: ms > 0 ? 60000 / ms : null, mv };
}

/** The values in print. */
function inWords(caliper) {
  const { ms, bpm, mv } = measured(caliper);
  const words = [];
  if (ms !== null) words.push(`${ms.toFixed(0)} ms`);
  if (bpm !== null) words.push(`${bpm.toFixed(0)} bpm`);
  if (mv !== null) words.push(`${mv.toFixed(2)} mV`);
  return words;
}

/** The values to be read aloud. */
function spoken(caliper) {
  const { ms, bpm, mv } = measured(caliper);
  const words = [];
  if (ms !== null) words.push(`${ms.toFixed(0)} milliseconds`);
  if (bpm !== null) words.push(`${bpm.toFixed(0)} per minute`);
  if (mv !== null) words.push(`${mv.toFixed(2)} millivolts`);
  return `Caliper ${caliper.number}, lead ${caliper.lead}: ${words.join(", ")}`;
}

/** The calipers of one recording; `onChange(caliper)` is called after each change. */
class Calipers {
  constructor() {
    this.all = [];
    this.selected = null;
    this.march = false;
    this.onChange = () => {};
  }

  add(lead, time, mv) {
    const taken = new Set(this.all.map((one) => one.number));
    let number = 1;
    while (taken.has(number)) number += 1;
    const caliper = { number, lead, times: [time, time], mvs: [mv, mv], interval: true, amplitude: true };
    this.all.push(caliper);
    if (this.all.length > MAX_KEPT) this.all.shift();
    this.select(caliper);
    return caliper;
  }

  select(caliper) {
    this.selected = caliper;
    this.onChange(caliper);
  }

  remove(caliper) {
    this.all = this.all.filter((one) => one !== caliper);
    this.select(this.all.at(-1) ?? null);
  }

  clear() {
    this.all = [];
    this.select(null);
  }

  /** Move a part ("time0", "time1", "mv0", "mv1" or "both") by seconds and millivolts. */
  shift(caliper, part, seconds, mv) {
    const end = Number(part.at(-1));
    if (part.startsWith("time")) caliper.times[end] += seconds;
    else if (part.startsWith("mv")) caliper.mvs[end] += mv;
    else {
      caliper.times = caliper.times.map((time) => time + seconds);
      caliper.mvs = caliper.mvs.map((value) => value + mv);
    }
    this.select(caliper);
  }
}

/** Places of a caliper's lines in one strip, in mm; a line that the strip does not show is left out. */
function linesOf(caliper, paper, strip) {
  const lines = [];
  const ends = caliper.times.map((time) => Math.min(Math.max(paper.x(time), strip.x0), strip.x0 + strip.width));
  const visible = caliper.times.filter((time) => paper.shows(strip, time));
  if (visible.length === 0) return lines;
  const [left, right] = [Math.min(...ends), Math.max(...ends)];
  if (caliper.interval) {
    caliper.times.forEach((time, end) => {
      const upright = { part: `time${end}`, x: paper.x(time), top: strip.top, bottom: strip.bottom };
      if (paper.shows(strip, time)) lines.push(upright);
    });
  }
  if (caliper.amplitude) {
    const [from, to] = caliper.interval ? [left, right] : [left - 4, right + 4];
    caliper.mvs.forEach((mv, end) => lines.push({ part: `mv${end}`, y: paper.y(strip, mv), left: from, right: to }));
  }
  if (caliper.interval) lines.push({ part: "both", left, right, top: strip.top, bottom: strip.top + 5 });
  return lines;
}

/** Draw every caliper in each strip that shows its lead and time. */
function drawCalipers(context, calipers, paper, lens, colours) {
  for (const caliper of calipers.all) {
    for (const strip of paper.strips.filter((one) => one.lead === caliper.lead)) {
      const lines = linesOf(caliper, paper, strip);
      if (lines.length === 0) continue;
      const chosen = caliper === calipers.selected;
      context.strokeStyle = context.fillStyle = colours.caliper;
      if (chosen && calipers.march) drawMarch(context, caliper, paper, strip, lens);
      context.lineWidth = (chosen ? 2 : 1.25) * lens.ratio;
      for (const line of lines) drawLine(context, line, lens);
      drawReading(context, caliper, spanOf(lines), strip, lens, colours);
    }
  }
}

function drawLine(context, line, lens) {
  if (line.part === "both") {
    const y = lens.y(line.top + 4);
    strokeLine(context, [[lens.x(line.left), y], [lens.x(line.right), y]]);
  } else if (line.part.startsWith("time")) {
    strokeLine(context, [[lens.x(line.x), lens.y(line.top)], [lens.x(line.x), lens.y(line.bottom)]]);
  } else {
    strokeLine(context, [[lens.x(line.left - 1), lens.y(line.y)], [lens.x(line.right + 1), lens.y(line.y)]]);
  }
}

/** From the leftmost to the rightmost line. */
function spanOf(lines) {
  const all = lines.flatMap((line) => (line.left === undefined ? [line.x] : [line.left, line.right]));
  return [Math.min(...all), Math.max(...all)];
}

/** The values above the lines, on a plate of paper that stays in the window while the lines do. */
function drawReading(context, caliper, [left, right], strip, lens, colours) {
  if (!lens.sees(left, right, strip.top, strip.bottom)) return;
  const words = inWords(caliper).join(" · ");
  lens.font(context, 2.1, colours.family, { bold: true, least: 12, most: 15 });
  const size = parseFloat(context.font.match(/([\d.]+)px/)[1]);
  const pad = size * 0.3;
  const width = context.measureText(words).width + 2 * pad;
  const centred = (lens.x(left) + lens.x(right) - width) / 2;
  const x = Math.min(Math.max(centred, pad), Math.max(pad, lens.width - width - pad));
  const y = Math.max(lens.y(strip.top) - size * 0.55, 1);
  context.fillStyle = colours.plate;
  context.beginPath();
  context.roundRect(x, y, width, size * 1.35, pad);
  context.fill();
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = colours.caliper;
  context.fillText(words, x + pad, y + size * 0.7);
}

/** The interval repeated along the strip, in both directions. */
function drawMarch(context, caliper, paper, strip, lens) {
  const step = Math.abs(caliper.times[1] - caliper.times[0]);
  if (!caliper.interval || step * paper.speed < 2) return;
  context.save();
  context.lineWidth = lens.ratio;
  context.setLineDash([4 * lens.ratio, 4 * lens.ratio]);
  for (const time of marchTimes(caliper, paper, strip)) {
    const x = lens.x(paper.x(time));
    strokeLine(context, [[x, lens.y(strip.top)], [x, lens.y(strip.bottom)]]);
  }
  context.restore();
}

/** Times at which the interval returns within a strip, without the caliper's own. */
function marchTimes(caliper, paper, strip) {
  const [first, second] = [...caliper.times].sort((a, b) => a - b);
  const step = second - first;
  const from = paper.time(strip.x0);
  const to = paper.time(strip.x0 + strip.width);
  const times = [];
  for (let time = first - Math.floor((first - from) / step) * step; time <= to; time += step) {
    if (Math.abs(time - first) > step / 2 && Math.abs(time - second) > step / 2) times.push(time);
  }
  return times;
}
