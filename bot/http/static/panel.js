// One set-up: its knobs, the question it asks of the server, and the answer drawn.

import { post, Refused } from "./api.js";
import * as charts from "./charts.js";
import { CARD_KNOBS, MODEL_KNOBS, RAW_KNOBS, el, knob, select, typed } from "./controls.js";
import * as says from "./figures.js";
import { DROPPED_BY, SAID, request } from "./state.js";

const WAIT_MS = 60;
const SEARCH_MS = 250;

export class Panel {
  constructor({ name, mode, values, lists, moved, answered, is_one_of_two }) {
    Object.assign(this, { name, mode, values, lists, moved, answered, is_one_of_two, found: null, pointed: null, timer: 0, asking: null });
    this.controls = el("section", { class: "controls card", "aria-label": `Set-up ${name}` });
    this.results = el("section", { class: "results", "aria-label": `Answer ${name}` });
    this.live = el("p", { class: "live" });
    this.box = el("div", { class: "panel", "data-panel": name }, this.controls, this.results, this.live);
    this.pictures = {};
    this.knobs = {};
    this.build();
    this.ask();
  }

  // -- knobs

  build() {
    const change = (name, value) => this.set(name, value);
    this.controls.replaceChildren(el("h2", {}, this.mode === "raw" ? "The simulator's numbers" : "Set-up", this.is_one_of_two ? ` ${this.name}` : ""));
    const specs = this.mode === "raw" ? RAW_KNOBS : MODEL_KNOBS;
    if (this.mode === "model") this.addPicks(change);
    for (const spec of specs) this.add(spec, change);
    if (this.mode === "model") this.addCardKnobs(change);
    if (this.mode === "model") this.addSaid();
  }

  // what the question said beyond the knobs, and a way to drop it
  addSaid() {
    this.said = el("div", { class: "said" });
    this.controls.append(this.said);
    this.showSaid();
  }

  showSaid() {
    const said = Object.keys(SAID).filter((name) => this.values[name] !== null && this.values[name] !== "");
    const forget = () => { Object.assign(this.values, SAID); this.set("context_tokens", this.values.context_tokens); };
    this.said.replaceChildren(...(said.length ? [
      el("p", {}, `Also from the question: ${said.map((name) => `${name.replaceAll("_", " ")} ${this.values[name]}`).join(", ")}. `),
      el("button", { type: "button", class: "own", on: { click: forget } }, "Forget these")] : []));
  }

  add(spec, change) {
    const made = knob(spec, this.values[spec.name] ?? spec.low, change);
    this.knobs[spec.name] = made;
    this.controls.append(made.box);
  }

  addPicks(change) {
    const { cards, formats } = this.lists;
    const vendors = [...new Set(cards.map((card) => card.vendor))];
    const groups = vendors.map((vendor) => [vendor, cards.filter((card) => card.vendor === vendor).map((card) => [card.id, card.id])]);
    const own = [["", "as stored"]];
    const picks = {
      model: typed("Model", "model", "models", this.values.model, change),
      hardware: select("Machine", "hardware", groups, this.values.hardware, change),
      weights: select("Weights", "weights", [["", [...own, ...formats.weights.map((row) => [row.name, row.name])]]], this.values.weights, change),
      kv_cache: select("KV cache", "kv_cache", [["", [["", "16 bit"], ...Object.keys(formats.kv_cache).map((name) => [name, name])]]], this.values.kv_cache, change),
    };
    Object.assign(this.knobs, picks);
    this.controls.append(picks.model.box, picks.hardware.box, el("div", { class: "pair" }, picks.weights.box, picks.kv_cache.box));
  }

  addCardKnobs(change) {
    const card = this.lists.cards.find((each) => each.id === this.values.hardware);
    const own = { bandwidth_bytes_per_s: card?.memory_bytes_per_s ?? 1e12, compute_flops_per_s: 1e15 };
    for (const spec of CARD_KNOBS) {
      const low = own[spec.name] / 10;
      this.add({ ...spec, low, high: low * 100 }, change);
      const reset = el("button", { type: "button", class: "own", on: { click: () => change(spec.name, null) } }, "the card's own");
      this.knobs[spec.name].box.append(reset);
      this.knobs[spec.name].reset = reset;
    }
  }

  set(name, value) {
    this.values[name] = value;
    for (const gone of DROPPED_BY[name] || []) this.values[gone] = SAID[gone];
    if (this.mode === "model") this.showSaid();
    if (name === "hardware") { this.values.bandwidth_bytes_per_s = null; this.values.compute_flops_per_s = null; this.rebuild(); }
    this.moved();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  rebuild() { const focused = document.activeElement?.dataset?.pick; this.build(); this.controls.querySelector(`[data-pick="${focused}"]`)?.focus(); }

  // -- question and answer

  async ask() {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.box.setAttribute("aria-busy", "true");
    try {
      const found = await post(this.mode === "raw" ? "/v1/roofline" : "/v1/explore", request(this.values), asking.signal);
      this.found = found;
      this.draw(found);
      this.answered();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.refuse(error);
    }
    if (this.asking === asking) this.box.removeAttribute("aria-busy");
  }

  refuse(error) {
    this.forget();
    this.found = null;
    this.answered();
    const near = error instanceof Refused ? error.suggestions : [];
    this.results.replaceChildren(el("div", { class: "card refused", role: "alert" },
      el("p", {}, error instanceof Refused ? error.message : "The server does not answer."),
      el("p", {}, [error.hint, near.length ? `Near: ${near.join(", ")}.` : ""].filter(Boolean).join(" "))));
  }

  forget() { Object.values(this.pictures).forEach((picture) => picture.forget()); this.pictures = {}; this.parts = null; }

  // -- drawing

  draw(found) {
    if (!this.parts) this.lay();
    if (this.mode === "raw") this.drawRaw(found); else this.drawModel(found);
    this.drawCurve(found.figures || found.roofline, found.curve);
    this.drawDerivation();
  }

  lay() {
    this.parts = {};
    const is_raw = this.mode === "raw";
    const boxes = [];
    if (!is_raw) boxes.push(this.part("verdict", el("div", { class: "card wide" })));
    boxes.push(this.chart("curve", "T_compute and T_memory", "wide tall", LEGENDS.curve(is_raw)));
    if (!is_raw) {
      boxes.push(this.chart("memory", "Memory of the fullest GPU", "low", []), this.chart("front", "Throughput against latency", "", LEGENDS.front));
    }
    boxes.push(this.part("derivation", el("div", { class: "card wide" })));
    boxes.push(this.part("notes", el("div", { class: "card wide" })));
    boxes.push(this.part("why", el("div", { class: "card wide why", role: "status", hidden: true })));
    this.results.replaceChildren(...boxes);
  }

  part(name, box) { this.parts[name] = box; box.dataset.part = name; return box; }

  chart(name, title, size, legend) {
    const canvas = el("canvas", { role: "img", "aria-label": title });
    this.pictures[name] = new charts.Picture(canvas);
    const heading = el("h3", {}, el("span", {}, title), el("small"));
    const words = el("p", { class: "words" });
    const figs = el("div", { class: "figs" });
    const table = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, as a table` });
    const rows = el("details", { open: !charts.canDraw() || name === "memory" }, el("summary", {}, "The same in numbers"), table);
    const plot = el("div", { class: `plot ${size}`, hidden: !charts.canDraw() }, canvas);
    const box = el("figure", { class: `card chart ${size.includes("wide") ? "wide" : ""}` }, heading,
      plot, legend.length && charts.canDraw() ? el("ul", { class: "legend" }, ...legend.map(([kind, text]) => el("li", {}, el("i", { class: kind }), text))) : null,
      words, figs, rows);
    this.parts[name] = { box, plot, words, figs, table, small: heading.lastChild, legend: box.querySelector(".legend") };
    box.dataset.part = name;
    return box;
  }

  drawCurve(figures, curve) {
    const { words, figs, table, small } = this.parts.curve;
    const text = says.crossingWords(figures);
    words.textContent = text;
    this.live.textContent = says.liveWords(figures);
    small.textContent = this.mode === "raw" ? "by the published simulator" : "at the data sheet's rates, one replica";
    const crossover = figures.crossover_batch === null ? null : { batch: figures.crossover_batch, at_s: figures.crossover_s, text: says.batchWords(figures.crossover_batch) };
    const [part, symbols] = this.mode === "raw" ? ["The simulator", says.RAW_SYMBOLS] : ["One decode step", says.MODEL_SYMBOLS];
    this.figures(figs, says.rooflineFigures(figures, part, symbols));
    const columns = ["Batch", "T_compute", "T_memory", ...(curve[0].step_s === null ? [] : ["Step as calibrated"])];
    table.replaceChildren(grid(columns, says.curveRows(curve)));
    this.pictures.curve.draw(charts.roofline(curve, figures, crossover), text);
  }

  drawRaw(found) {
    this.parts.notes.replaceChildren(el("h3", {}, "Where the method departs from machines"), bullets(found.where_wrong));
  }

  drawModel(found) {
    this.showCard(found.machine);
    this.drawVerdict(found);
    this.drawMemory(found);
    this.drawFront(found);
    const { assumptions, warnings } = found.estimate;
    this.parts.notes.replaceChildren(
      ...(warnings.length ? [el("h3", {}, "Mind"), bullets(warnings)] : []),
      el("h3", {}, "Assumed"), bullets(assumptions));
  }

  showCard(machine) {
    for (const spec of CARD_KNOBS) {
      const is_own = this.values[spec.name] === null;
      if (is_own) this.knobs[spec.name].show(machine[spec.of]);
      this.knobs[spec.name].reset.hidden = is_own;
    }
  }

  drawVerdict(found) {
    const { is_yes, word, detail } = says.headline(found);
    const tiles = el("div", { class: "tiles" });
    this.figures(tiles, says.tiles(found));
    const work = el("div");
    this.parts.verdict.replaceChildren(
      el("div", { class: is_yes ? "verdict yes" : "verdict no", role: "status" }, el("span", { class: "word" }, word), el("span", { class: "detail" }, detail),
        el("span", { class: "read" }, `${found.read_as}. ${found.gpus}× ${found.hardware}, ${says.splitWords(found)}, weights ${found.estimate.weights}, KV cache ${found.estimate.kv_cache.format}.`)),
      tiles,
      work);
    clearTimeout(this.searching);
    const most = found.estimate.kv_cache.max_concurrency;
    if (!is_yes || (most !== null && most < found.concurrency)) this.searching = setTimeout(() => this.search(work), SEARCH_MS);
  }

  // what would work is a longer search: asked for once the hand rests
  async search(work) {
    const { bandwidth_bytes_per_s, compute_flops_per_s, ...asked } = request(this.values);
    const found = await post("/v1/estimate", asked, this.asking.signal).catch(() => null);
    if (!found?.alternatives.length) return;
    work.replaceChildren(el("details", { open: true }, el("summary", {}, "What would work"),
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "What would work" },
        grid(["Change", "Machine", "Weights", "Context", "A GPU needs", "TPOT", "$/hour"], says.changeRows(found.alternatives)))));
  }

  drawMemory(found) {
    const bar = found.memory_bar;
    const { words, table, box } = this.parts.memory;
    const rows = says.memoryRows(bar);
    table.replaceChildren(grid(["Part", "Size"], rows));
    const text = rows.map(([name, size]) => `${name}: ${size}`).join("; ");
    words.replaceChildren(el("ul", { class: "legend" }, ...bar.parts.map((part, index) => el("li", {}, el("i", { class: `block b-${part.name}` }), `${part.label} ${rows[index][1]}`))));
    box.dataset.fits = String(found.estimate.fits);
    this.pictures.memory.draw(charts.memory(bar), text);
  }

  drawFront(found) {
    const { words, table, plot, legend } = this.parts.front;
    plot.hidden = !found.front.length || !charts.canDraw();
    if (legend) legend.hidden = plot.hidden;
    if (!found.front.length) {
      words.textContent = "It does not fit, so there is nothing to trade.";
      table.replaceChildren();
    } else {
      const [soonest, most] = [found.front[0], found.front[found.front.length - 1]];
      words.textContent = `From ${soonest.concurrency} at once (${soonest.split}) to ${most.concurrency} at once (${most.split}): on the line, nothing is sooner for each and more for all.`;
      table.replaceChildren(grid(["Split", "At once", "TPOT", "TTFT", "Tokens/s", "$/Mtok out"], says.frontRows(found.front)));
    }
    if (found.front.length) this.pictures.front.draw(charts.front(found), words.textContent);
  }

  // -- figures that say where they come from

  figures(box, rows) {
    const pressed = this.pointed?.[0];
    const held = box.contains(document.activeElement) ? document.activeElement.dataset.figure : null;
    box.replaceChildren(...rows.map(([key, name, value, note, part, symbol]) => {
      const point = () => this.point(key, part, symbol);
      return el("button", { type: "button", class: "figure", "data-figure": key, "aria-pressed": String(pressed === key), on: { click: point, mouseenter: point, focus: point } },
        el("span", { class: "name" }, name), el("span", { class: "value" }, value), el("span", { class: "note" }, note));
    }));
    if (held) box.querySelector(`[data-figure="${held}"]`)?.focus();
  }

  point(key, part, symbol) {
    if (this.pointed?.[0] === key) return;
    this.pointed = [key, part, symbol];
    for (const each of this.results.querySelectorAll(".figure")) each.setAttribute("aria-pressed", String(each.dataset.figure === key));
    this.drawDerivation();
  }

  // the lines behind the figure that is pointed at, in sight wherever that is; Escape puts them away
  drawWhy(part, symbol) {
    const lines = part.lines.filter((line) => symbol && line.symbol.startsWith(symbol));
    const { why } = this.parts;
    why.hidden = !this.pointed || !lines.length;
    why.replaceChildren(...lines.slice(0, 2).map((line) => el("p", {}, el("strong", {}, line.symbol), ` = ${line.formula} = ${line.numbers} = `, el("strong", {}, line.result))));
  }

  forgetPoint() {
    if (!this.pointed || !this.parts) return;
    this.pointed = null;
    for (const each of this.results.querySelectorAll(".figure")) each.setAttribute("aria-pressed", "false");
    this.parts.why.hidden = true;
  }

  drawDerivation() {
    const parts = this.mode === "raw" ? [{ title: "The simulator", lines: this.found.derivation }] : this.found.derivations;
    const [, wanted, symbol] = this.pointed || [null, parts[0].title, ""];
    const part = parts.find((each) => each.title === wanted) || parts[0];
    this.drawWhy(part, symbol);
    const rows = part.lines.map((line) => el("tr", { class: symbol && line.symbol.startsWith(symbol) ? "pointed" : null },
      el("th", { scope: "row" }, line.symbol), el("td", {}, line.formula), el("td", {}, line.numbers), el("td", {}, line.result)));
    const head = ["", "Formula", "Numbers", "Result"].map((text) => el("th", { scope: "col" }, text || el("span", { class: "hidden" }, "Symbol")));
    this.parts.derivation.replaceChildren(
      el("h3", {}, `How it comes about: ${part.title}`),
      el("div", { class: "scroll whole", tabindex: "0", role: "region", "aria-label": "Derivation" },
        el("table", { class: "lines" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows))));
  }

  redraw() { if (this.found && this.parts) { Object.values(this.pictures).forEach((picture) => picture.forget()); this.draw(this.found); } }
}

const LEGENDS = {
  curve: (is_raw) => [["k-memory", "T_memory: reading weights and cache"], ["k-compute dashed", "T_compute: arithmetic"], ...(is_raw ? [] : [["k-step dotted", "the whole step, as calibrated"]])],
  front: [["k-front", "worth taking (Pareto front)"], ["k-mark", "your load"]],
};

const bullets = (lines) => el("ul", { class: "list" }, ...lines.map((line) => el("li", {}, line)));

export function grid(columns, rows) {
  return el("table", {},
    el("thead", {}, el("tr", {}, ...columns.map((column) => el("th", { scope: "col" }, column)))),
    el("tbody", {}, ...rows.map(([first, ...cells]) => el("tr", {}, el("th", { scope: "row" }, String(first)), ...cells.map((cell) => el("td", {}, String(cell)))))));
}
