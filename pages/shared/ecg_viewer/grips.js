// Handles over the lines of the calipers, for pointer and keyboard; the lines themselves are drawn on the canvas.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function button(words, label, action) {
  const made = element("button", { type: "button", "aria-label": label, title: label }, words);
  made.addEventListener("click", action);
  return made;
}

const NAMES = { time0: "first line", time1: "second line", mv0: "first level", mv1: "second level", both: "whole" };
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP_MV = 0.01;

/** `locate(event)` gives mm on the sheet; `follow(event, target, move)` follows the pointer until it is lifted. */
class Grips {
  constructor(locate, follow) {
    this.locate = locate;
    this.follow = follow;
    this.layer = element("div", { class: "grips" });
    this.all = new Map();
  }

  /** One handle for each line that is on the sheet, where it is. */
  place(calipers, paper, scale) {
    Object.assign(this, { calipers, paper });
    const wanted = new Map();
    for (const caliper of calipers.all) {
      for (const strip of paper.strips.filter((one) => one.lead === caliper.lead)) {
        for (const line of linesOf(caliper, paper, strip)) {
          wanted.set(`${caliper.number} ${strip.index} ${line.part}`, { caliper, strip, line });
        }
      }
    }
    for (const [key, grip] of this.all) {
      if (wanted.has(key)) continue;
      grip.remove();
      this.all.delete(key);
    }
    for (const [key, where] of wanted) {
      if (!this.all.has(key)) this.all.set(key, this.#make(where));
      this.#put(this.all.get(key), where, scale);
    }
  }

  focus(caliper) {
    this.layer.querySelector(`[data-caliper="${caliper.number}"]`)?.focus();
  }

  #make({ caliper, line }) {
    const kind = line.part === "both" ? "both" : line.part.startsWith("time") ? "upright" : "level";
    const grip = element("div", { class: `grip ${kind}`, role: "slider", tabindex: "0", "data-part": line.part });
    grip.dataset.caliper = caliper.number;
    grip.addEventListener("focus", () => {
      if (grip.where.caliper !== this.calipers.selected) this.calipers.select(grip.where.caliper);
    });
    grip.addEventListener("pointerdown", (event) => this.#drag(event, grip));
    grip.addEventListener("keydown", (event) => this.#key(event, grip));
    this.layer.append(grip);
    return grip;
  }

  #put(grip, { caliper, strip, line }, scale) {
    grip.where = { caliper, strip };
    const level = line.part.startsWith("mv");
    const value = (level ? caliper.mvs : caliper.times)[line.part.endsWith("1") ? 1 : 0];
    grip.setAttribute("aria-label", `Caliper ${caliper.number}, lead ${caliper.lead}, ${NAMES[line.part]}`);
    grip.setAttribute("aria-orientation", level ? "vertical" : "horizontal");
    grip.setAttribute("aria-valuenow", value.toFixed(3));
    grip.setAttribute("aria-valuetext", `${value.toFixed(3)} ${level ? "mV" : "s"}`);
    const { left = line.x, right = line.x, top = line.y, bottom = line.y } = line;
    for (const [name, mm] of Object.entries({ left, top, width: right - left, height: bottom - top })) {
      grip.style.setProperty(`--${name}`, `${mm * scale}px`);
    }
  }

  #drag(event, grip) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    grip.focus({ preventScroll: true });
    const { caliper, strip } = grip.where;
    const before = { at: this.locate(event), times: [...caliper.times], mvs: [...caliper.mvs] };
    this.follow(event, grip, (next) => {
      const { x, y } = this.locate(next);
      Object.assign(caliper, { times: [...before.times], mvs: [...before.mvs] });
      const seconds = Math.round(((x - before.at.x) / this.paper.speed) * strip.fs) / strip.fs;
      const mv = this.paper.mv(strip, y) - this.paper.mv(strip, before.at.y);
      this.calipers.shift(caliper, grip.dataset.part, seconds, mv);
    });
    this.calipers.select(caliper);
  }

  /** Arrow keys: one sample or 0.01 mV, ten times as far with shift. */
  #key(event, grip) {
    const { caliper, strip } = grip.where;
    const way = WAYS[event.key];
    if (way === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const times = event.shiftKey ? 10 : 1;
    const [seconds, mv] = [(way[0] * times) / strip.fs, way[1] * times * STEP_MV * strip.sign];
    this.calipers.shift(caliper, grip.dataset.part, seconds, mv);
  }
}
