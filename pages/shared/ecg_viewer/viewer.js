// The element on the page: buttons, window on the sheet, read-outs. Nothing goes to the server.

const READABLE = 4.0; // CSS pixels per mm below which a narrow window scrolls instead of shrinking
const LARGEST = 40.0;
const STEP = 1.25;
const MAX_RECORDINGS = 8;

/** Zoom and calipers of each recording, kept while the page is open, whatever Streamlit redraws. */
const kept = new Map();
const viewers = new WeakMap();

function stateOf(key) {
  if (!kept.has(key)) {
    while (kept.size >= MAX_RECORDINGS) kept.delete(kept.keys().next().value);
    kept.set(key, { calipers: new Calipers(), scale: null, measuring: false });
  }
  return kept.get(key);
}

class Viewer {
  constructor(parent) {
    this.root = element("div", { class: "ecg", "data-testid": "ecg-viewer", role: "group", "aria-label": "ECG paper" });
    this.#buildBar();
    this.#buildView();
    this.reading = element("p", { class: "reading", "data-testid": "ecg-reading" });
    this.list = element("ul", { class: "list", "aria-label": "Calipers" });
    this.footer = element("p", { class: "footer" });
    this.live = element("div", { class: "live", "aria-live": "polite" });
    this.bar.append(this.reading);
    // Nothing above the paper may grow, or it would move away under the pointer.
    this.root.append(this.bar, this.view, this.list, this.footer, this.live);
    parent.append(this.root);
    this.observer = new ResizeObserver(() => this.#resize());
  }

  #buildBar() {
    this.bar = element("div", { class: "bar", role: "toolbar", "aria-label": "ECG paper controls" });
    const caliperWords = "Caliper: drag on the paper to measure";
    this.caliperButton = button("Caliper", caliperWords, () => this.#measure(!this.state.measuring));
    const addWords = "Add a caliper in the middle, to be moved by arrow keys";
    this.addButton = button("Add", addWords, () => this.#addInTheMiddle());
    this.marchButton = button("March out", "March out: repeat the interval along the lead", () => this.#march());
    this.clearButton = button("Clear", "Clear all calipers", () => this.calipers.clear());
    this.zoomWords = element("span", { class: "zoom" });
    this.bar.append(
      button("−", "Zoom out", () => this.#step(1 / STEP)),
      this.zoomWords,
      button("+", "Zoom in", () => this.#step(STEP)),
      button("Fit", "Fit the sheet to the width", () => this.#setScale(this.#fit())),
      element("span", { class: "gap" }),
      this.caliperButton,
      this.addButton,
      this.marchButton,
      this.clearButton,
    );
  }

  #buildView() {
    this.canvas = element("canvas", { role: "img" });
    this.overlay = element("canvas", { "aria-hidden": "true" });
    this.stage = element("div", { class: "stage" }, this.canvas, this.overlay);
    this.grips = new Grips((event) => this.#place(event), (...follow) => this.#follow(...follow));
    this.sheet = element("div", { class: "sheet" }, this.stage, this.grips.layer);
    const names = { class: "view", role: "region", tabindex: "0", "aria-label": "ECG paper, scrolls" };
    this.view = element("div", names, this.sheet);
    this.view.addEventListener("scroll", () => this.#redraw(), { passive: true });
    this.view.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.view.addEventListener("keydown", (event) => this.#key(event));
    this.sheet.addEventListener("pointerdown", (event) => this.#press(event));
    this.sheet.addEventListener("pointermove", (event) => this.#hover(event));
    this.sheet.addEventListener("pointerleave", () => this.#point(null));
    for (const name of ["touchstart", "touchmove"]) {
      this.sheet.addEventListener(name, (event) => this.#pinch(event), { passive: false });
    }
  }

  /** Show what the server sent; called again on every change of the page. */
  show(data) {
    this.state = stateOf(data.key);
    this.calipers = this.state.calipers;
    this.calipers.onChange = (caliper) => this.#changed(caliper);
    this.paper = new Paper(data);
    this.root.dataset.theme = data.theme;
    this.canvas.setAttribute("aria-label", data.alt);
    this.footer.textContent = data.footer;
    this.pointed = null;
    this.#measure(this.state.measuring);
    this.observer.observe(this.root);
    this.#colours();
    this.#resize();
    this.#list();
  }

  hide() {
    this.observer.disconnect();
  }

  #colours() {
    const style = getComputedStyle(this.root);
    const names = ["paper", "ink", "muted", "fine", "bold", "mark", "caliper", "plate"];
    this.colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.colours.family = style.fontFamily;
  }

  // --- Zoom ----------------------------------------------------------------------------------------------------------

  /** Pixels per mm at which the whole width is seen. */
  #fit() {
    return Math.max(this.#even(this.root.clientWidth / this.paper.width), 0.6);
  }

  /** The next smaller scale at which 5 mm are whole device pixels. */
  #even(scale) {
    const fifths = 5 * (window.devicePixelRatio || 1);
    return Math.floor(scale * fifths + 1e-6) / fifths;
  }

  #base() {
    return Math.max(this.#fit(), READABLE);
  }

  /** Pixels per mm: chosen, or following the width of the page. */
  get scale() {
    const { scale } = this.state;
    return scale === "fit" ? this.#fit() : (scale ?? this.#base());
  }

  #resize() {
    const [width, height] = [this.paper.width * this.scale, this.paper.height * this.scale];
    this.sheet.style.width = `${width}px`;
    this.sheet.style.height = `${height}px`;
    this.view.style.width = `${Math.min(width, this.root.clientWidth)}px`;
    const scrolls = width > this.root.clientWidth + 0.5;
    this.view.style.height = `${Math.min(height, this.paper.height * this.#base()) + (scrolls ? 14 : 0)}px`;
    this.stage.style.width = `${this.view.clientWidth}px`;
    this.stage.style.height = `${this.view.clientHeight}px`;
    this.zoomWords.textContent = `${Math.round((100 * this.scale) / this.#base())} %`;
    Object.assign(this.root.dataset, {
      pxPerMm: this.scale,
      pxPerS: this.scale * this.paper.speed,
      pxPerMv: this.scale * this.paper.gain,
    });
    if (!this.pointed) this.reading.textContent = this.hint;
    this.#redraw();
    this.grips.place(this.calipers, this.paper, this.scale);
  }

  /** Another scale; the point under (x, y) of the window stays where it is. */
  #setScale(scale, x = this.view.clientWidth / 2, y = this.view.clientHeight / 2) {
    const before = this.scale;
    const wanted = Math.min(Math.max(scale, Math.min(this.#fit(), READABLE)), LARGEST);
    const [left, top] = [this.view.scrollLeft + x, this.view.scrollTop + y];
    const is = (other) => Math.abs(wanted - other) < 0.01;
    this.state.scale = is(this.#base()) ? null : is(this.#fit()) ? "fit" : wanted;
    this.#resize();
    this.view.scrollLeft = (left * this.scale) / before - x;
    this.view.scrollTop = (top * this.scale) / before - y;
    this.#redraw();
  }

  #step(factor) {
    this.#setScale(this.#even(this.scale * factor));
  }

  #zoom(factor, x, y) {
    this.#setScale(this.scale * factor, x, y);
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.view.getBoundingClientRect();
    this.#zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }

  /** Two fingers zoom and move. */
  #pinch(event) {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const [a, b] = event.touches;
    const box = this.view.getBoundingClientRect();
    const now = {
      spread: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
      x: (a.clientX + b.clientX) / 2 - box.left,
      y: (a.clientY + b.clientY) / 2 - box.top,
    };
    if (event.type === "touchstart") this.#abandon();
    else {
      this.view.scrollBy(this.fingers.x - now.x, this.fingers.y - now.y);
      this.#zoom(now.spread / this.fingers.spread, now.x, now.y);
    }
    this.fingers = now;
  }

  #key(event) {
    const remove = () => this.calipers.selected && this.calipers.remove(this.calipers.selected);
    const actions = {
      "+": () => this.#step(STEP),
      "=": () => this.#step(STEP),
      "-": () => this.#step(1 / STEP),
      0: () => this.#setScale(this.#base()),
      Escape: () => this.#measure(false),
      Delete: remove,
      Backspace: remove,
    };
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
    if (this.root.getRootNode().activeElement === null) this.view.focus({ preventScroll: true });
  }

  // --- Drawing -------------------------------------------------------------------------------------------------------

  /** Everything, once in the next frame. */
  #redraw() {
    this.dirty = true;
    this.#redrawCalipers();
  }

  #redrawCalipers() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      const begin = performance.now();
      const lens = new Lens(this.view, this.scale);
      if (this.dirty) drawPaper(this.canvas, this.paper, lens, this.colours);
      const context = lens.clear(this.overlay);
      if (this.pointed) this.#drawPointed(context, lens);
      drawCalipers(context, this.calipers, this.paper, lens, this.colours);
      if (this.dirty) this.root.dataset.redrawMs = (performance.now() - begin).toFixed(2);
      this.dirty = false;
    });
  }

  #drawPointed(context, lens) {
    const { strip, time, drawn } = this.pointed;
    const x = lens.x(this.paper.x(time));
    context.strokeStyle = context.fillStyle = this.colours.caliper;
    context.lineWidth = lens.ratio * 0.75;
    strokeLine(context, [[x, lens.y(strip.top)], [x, lens.y(strip.bottom)]]);
    if (drawn === null) return;
    context.beginPath();
    context.arc(x, lens.y(strip.baseline - drawn * this.paper.gain), 3 * lens.ratio, 0, 2 * Math.PI);
    context.fill();
  }

  // --- Pointer -------------------------------------------------------------------------------------------------------

  #place(event) {
    const box = this.sheet.getBoundingClientRect();
    return { x: (event.clientX - box.left) / this.scale, y: (event.clientY - box.top) / this.scale };
  }

  /** A time on the sample grid, within the strip. */
  #timeIn(strip, x) {
    const inside = Math.min(Math.max(x, strip.x0), strip.x0 + strip.width);
    return Math.round(this.paper.time(inside) * strip.fs) / strip.fs;
  }

  #hover(event) {
    if (this.drag) return;
    const { x, y } = this.#place(event);
    const strip = this.paper.nearest(x, y);
    const time = this.#timeIn(strip, x);
    this.#point({ strip, time, drawn: this.paper.drawn(strip, time) });
  }

  #point(pointed) {
    this.pointed = pointed;
    const { strip, time, drawn } = pointed ?? {};
    const value = drawn === null ? "no signal" : `${drawn?.toFixed(2)} mV`;
    this.reading.textContent = pointed ? `${strip.label} · ${time.toFixed(3)} s · ${value}` : this.hint;
    Object.assign(this.reading.dataset, { lead: strip?.label ?? "", s: time ?? "", mv: drawn ?? "" });
    this.#redrawCalipers();
  }

  get hint() {
    const scrolls = this.sheet.offsetWidth > this.view.clientWidth + 1;
    if (!this.state.measuring) return scrolls ? "Swipe or drag sideways for the rest of the sheet." : "";
    return "Drag along a lead: ms, bpm. Slantwise: mV, too.";
  }

  #press(event) {
    if (event.button !== 0 || event.target.closest(".grip")) return;
    if (event.pointerType === "touch") this.#hover(event);
    if (this.state.measuring) this.#beginCaliper(event);
    else if (event.pointerType === "mouse") this.#beginPan(event);
  }

  /** Follow the pointer until it is lifted. */
  #follow(event, target, move, end = () => {}) {
    target.setPointerCapture(event.pointerId);
    const moved = (next) => this.drag && next.pointerId === event.pointerId && move(next);
    const over = (next) => {
      if (next.pointerId !== event.pointerId) return;
      target.removeEventListener("pointermove", moved);
      for (const name of ["pointerup", "pointercancel"]) target.removeEventListener(name, over);
      if (this.drag) end(next);
      this.drag = null;
    };
    this.drag = { undo: null };
    this.pointed = null;
    target.addEventListener("pointermove", moved);
    for (const name of ["pointerup", "pointercancel"]) target.addEventListener(name, over);
  }

  /** A second finger turns a drag into a pinch. */
  #abandon() {
    this.drag?.undo?.();
    this.drag = null;
  }

  #beginPan(event) {
    const [left, top] = [this.view.scrollLeft + event.clientX, this.view.scrollTop + event.clientY];
    this.view.classList.add("panning");
    const move = (next) => {
      this.view.scrollLeft = left - next.clientX;
      this.view.scrollTop = top - next.clientY;
    };
    this.#follow(event, this.sheet, move, () => this.view.classList.remove("panning"));
  }

  #beginCaliper(event) {
    event.preventDefault();
    const begin = this.#place(event);
    const strip = this.paper.nearest(begin.x, begin.y);
    const caliper = this.calipers.add(strip.lead, this.#timeIn(strip, begin.x), this.paper.mv(strip, begin.y));
    const stretch = (next) => {
      const { x, y } = this.#place(next);
      caliper.times[1] = this.#timeIn(strip, x);
      caliper.mvs[1] = this.paper.mv(strip, y);
      caliper.amplitude = Math.abs(y - begin.y) >= AMPLITUDE_MM;
      caliper.interval = Math.abs(x - begin.x) >= LEAST_MM || !caliper.amplitude;
      this.calipers.select(caliper);
    };
    this.#follow(event, this.sheet, stretch, (next) => {
      stretch(next);
      const { ms } = measured(caliper);
      if (!caliper.amplitude && ms * this.paper.speed < LEAST_MM * 1000) this.calipers.remove(caliper);
    });
    this.drag.undo = () => this.calipers.remove(caliper);
  }

  // --- Calipers ------------------------------------------------------------------------------------------------------

  #measure(on) {
    this.state.measuring = on;
    this.caliperButton.setAttribute("aria-pressed", on);
    this.marchButton.setAttribute("aria-pressed", this.calipers.march);
    this.view.classList.toggle("measuring", on);
    this.#point(null);
  }

  #march() {
    this.calipers.march = !this.calipers.march;
    this.marchButton.setAttribute("aria-pressed", this.calipers.march);
    this.#redrawCalipers();
  }

  #addInTheMiddle() {
    const x = (this.view.scrollLeft + this.view.clientWidth / 2) / this.scale;
    const y = (this.view.scrollTop + this.view.clientHeight / 2) / this.scale;
    const strip = this.paper.nearest(x, y);
    const caliper = this.calipers.add(strip.lead, this.#timeIn(strip, x), 0);
    caliper.times[1] = this.#timeIn(strip, x + 10);
    caliper.mvs[1] = 5 / this.paper.gain;
    this.calipers.select(caliper);
    this.grips.focus(caliper);
  }

  #changed(caliper) {
    this.#redrawCalipers();
    this.grips.place(this.calipers, this.paper, this.scale);
    this.#list();
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      this.live.textContent = caliper ? spoken(caliper) : "No caliper";
    }, 400);
  }

  /** One line of values for each caliper, with a button that deletes it. */
  #list() {
    const lines = this.calipers.all.map((caliper) => this.#line(caliper));
    this.#replaceList(lines);
    this.clearButton.disabled = lines.length === 0;
    this.marchButton.disabled = lines.length === 0;
  }

  #line(caliper) {
    const { ms, bpm, mv } = measured(caliper);
    const strips = this.paper.strips.filter((strip) => strip.lead === caliper.lead);
    const shown = strips.some((strip) => linesOf(caliper, this.paper, strip).length > 0);
    const words = [`${caliper.number}`, caliper.lead, ...inWords(caliper), ...(shown ? [] : ["not on this sheet"])];
    const choose = button(words.join(" · "), `Select: ${spoken(caliper)}`, () => this.calipers.select(caliper));
    choose.setAttribute("aria-pressed", caliper === this.calipers.selected);
    const away = button("×", `Delete caliper ${caliper.number}`, () => this.calipers.remove(caliper));
    const line = element("li", { "data-testid": "ecg-caliper" }, choose, away);
    Object.assign(line.dataset, { number: caliper.number, lead: caliper.lead, shown });
    const digits = { ms: ms?.toFixed(1), bpm: bpm?.toFixed(2), mv: mv?.toFixed(4) };
    for (const [name, value] of Object.entries(digits)) line.dataset[name] = value ?? "";
    return line;
  }

  /** New lines; the keyboard stays on the button where it was. */
  #replaceList(lines) {
    const label = this.root.getRootNode().activeElement?.closest("li")?.dataset.number;
    this.list.replaceChildren(...lines);
    if (label === undefined) return;
    const same = lines.find((line) => line.dataset.number === label) ?? lines.at(-1);
    (same?.firstChild ?? this.view).focus({ preventScroll: true });
  }
}

export default function ({ data, parentElement }) {
  let viewer = viewers.get(parentElement);
  if (viewer === undefined || !viewer.root.isConnected) {
    viewer = new Viewer(parentElement);
    viewers.set(parentElement, viewer);
  }
  viewer.show(data);
  return () => viewer.hide();
}
