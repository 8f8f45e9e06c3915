// Knobs: a slider for the hand, a field for the exact number, one value behind both.

import { read, scaled, tokens, written } from "./say.js";

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const STEPS = 400;
let numbered = 0;

// A slider over powers: equal ways are equal factors. `stops` are the values that it holds instead, where there are few.
// The field may show the value in larger units: `per` base units each.
export function knob({ name, label, unit, low, high, stops, is_whole, hint, say, per = 1 }, value, changed) {
  const id = `knob-${++numbered}`;
  const last = stops ? stops.length - 1 : STEPS;
  const place = (v) => (stops ? nearest(stops, v) : Math.round((Math.log(v / low) / Math.log(high / low)) * STEPS));
  const at = (p) => (stops ? stops[p] : tidy(low * (high / low) ** (p / STEPS), is_whole));
  const aloud = say || ((v) => (per === 1 ? scaled(v, unit) : `${written(v / per)} ${unit}`));
  const slider = el("input", { type: "range", id, min: 0, max: last, step: 1, "data-knob": name });
  const field = el("input", { type: "text", inputmode: "decimal", "aria-label": `${label}, exact`, "data-exact": name });
  const show = (v) => {
    slider.value = Math.min(last, Math.max(0, place(v)));
    slider.setAttribute("aria-valuetext", aloud(v));
    if (document.activeElement !== field) field.value = written(v / per);
    field.title = aloud(v);
  };
  slider.addEventListener("input", () => { const v = at(Number(slider.value)); show(v); field.value = written(v / per); changed(name, v); });
  field.addEventListener("change", () => {
    const typed_in = read(field.value);
    const is_sane = typed_in !== null && typed_in > 0;
    const v = is_sane ? (is_whole ? Math.max(1, Math.round(typed_in)) : typed_in * per) : current();
    field.value = written(v / per);
    show(v);
    if (is_sane) changed(name, v);
  });
  let current = () => value;
  show(value);
  const head = el("div", { class: "head" }, el("label", { for: id, title: hint }, label),
    el("span", { class: "exact" }, field, el("span", { class: "unit" }, unit)));
  const box = el("div", { class: "knob" }, head, slider);
  return { box, show: (v) => { current = () => v; show(v); }, head };
}

function nearest(stops, value) {
  let best = 0;
  stops.forEach((stop, index) => { if (Math.abs(Math.log(stop / value)) < Math.abs(Math.log(stops[best] / value))) best = index; });
  return best;
}

function tidy(value, is_whole) {
  const short = Number(value.toPrecision(3));
  return is_whole ? Math.max(1, Math.round(short)) : short;
}

const powers = (from, to) => Array.from({ length: to - from + 1 }, (_, step) => 2 ** (from + step));

export const RAW_KNOBS = [
  { name: "n_active", label: "N_active", unit: "", low: 1e8, high: 1e12, hint: "parameters that one token uses" },
  { name: "compute", label: "C", unit: "/s", low: 1e12, high: 1e16, hint: "multiply-adds per second, FLOPS / 2" },
  { name: "n_total", label: "N_total", unit: "", low: 1e8, high: 1e13, hint: "parameters held, one byte each" },
  { name: "bandwidth", label: "BW", unit: "B/s", low: 1e10, high: 1e14, hint: "bytes per second of memory" },
  { name: "context_tokens", label: "L", unit: "tokens", low: 128, high: 2 ** 25, is_whole: true, hint: "tokens in reach of each sequence" },
  { name: "kv_bytes", label: "b", unit: "B", low: 0.5, high: 2 ** 20, hint: "cache bytes of one token" },
  { name: "batch", label: "B", unit: "seqs", low: 1, high: 16384, is_whole: true, hint: "sequences in one step" },
  { name: "max_batch", label: "Maximum B", unit: "seqs", low: 8, high: 65536, is_whole: true, hint: "where the chart ends" },
];

export const MODEL_KNOBS = [
  { name: "gpus", label: "GPUs", unit: "", stops: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 72], is_whole: true, say: (v) => `${v} GPUs` },
  { name: "context_tokens", label: "Context", unit: "tokens", stops: powers(7, 20), is_whole: true, say: (v) => `${tokens(v)} tokens` },
  { name: "concurrency", label: "Requests at once", unit: "", low: 1, high: 4096, is_whole: true, say: (v) => `${v} requests` },
];

export const CARD_KNOBS = [
  { name: "bandwidth_bytes_per_s", label: "Bandwidth a card", unit: "TB/s", per: 1e12, of: "card_bandwidth_bytes_per_s" },
  { name: "compute_flops_per_s", label: "Compute a card", unit: "TFLOPS", per: 1e12, of: "card_compute_flops_per_s" },
];

export function select(label, name, groups, value, changed) {
  const id = `pick-${++numbered}`;
  const box = el("select", { id, "data-pick": name, on: { change: () => changed(name, box.value) } });
  for (const [title, options] of groups) {
    const made = options.map(([text, shown]) => el("option", { value: text }, shown));
    box.append(...(title ? [el("optgroup", { label: title }, ...made)] : made));
  }
  box.value = value;
  return { box: el("div", { class: "field" }, el("label", { for: id }, label), box), show: (v) => { box.value = v; } };
}

export function typed(label, name, list, value, changed) {
  const id = `type-${++numbered}`;
  const box = el("input", { type: "text", id, list, spellcheck: "false", autocomplete: "off", "data-pick": name });
  box.value = value;
  box.addEventListener("change", () => { if (box.value.trim()) changed(name, box.value.trim()); });
  return { box: el("div", { class: "field" }, el("label", { for: id }, label), box), show: (v) => { box.value = v; } };
}
