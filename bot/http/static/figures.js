// What is said of an answer: which figures, in which order, in which words, and where each comes from.

import { count, decimals, gib, ms, number, percent, rate, seconds, tokens, usd } from "./say.js";

const band = (b, say) => `${say(b.low)} to ${say(b.high)}`;
const ABSENT = "–";

// whole sequences for a model, two digits for the simulator's raw numbers
export const batchWords = (batch) => (Number.isInteger(batch) ? count(batch) : decimals(batch, 2));

// [key, name, value, note, part of the derivation, symbol in it]
export function rooflineFigures(f, part, symbols) {
  const crossover = f.crossover_batch === null ? "none" : batchWords(f.crossover_batch);
  return [
    ["crossover", "Crossover B*", crossover, f.crossover_batch === null ? "the lines never meet" : "sequences in a step", part, symbols.crossover],
    ["latency", "Latency of a step", ms(f.latency_s), `${f.bound}-bound`, part, symbols.latency],
    ["t_compute", "T_compute", ms(f.t_compute_s), "arithmetic", part, symbols.compute],
    ["t_memory", "T_memory", ms(f.t_memory_s), "reading", part, symbols.memory],
    ["t_weights", "Weight term", ms(f.t_weights_s), "the same for any batch", part, symbols.weights],
    ["t_kv", "KV term", ms(f.t_kv_s), "grows with the batch", part, symbols.kv],
    ["kv_share", "KV share", percent(f.kv_share), "of T_memory", part, symbols.kv],
    ["slope", "Slope", ms(f.memory_slope_s), "for each sequence more", part, symbols.slope],
    ["ratio", "Compute / memory", number(f.compute_to_memory, 3), "1 is balance", part, symbols.memory],
    ["regime", "Regime", f.bound === "balanced" ? "balanced" : `${f.bound}-bound`, "at this batch", part, symbols.latency],
  ];
}

export const RAW_SYMBOLS = {
  crossover: "B*", latency: "latency", compute: "T_compute", memory: "T_memory", weights: "T_weights", kv: "T_KV", slope: "slope",
};
export const MODEL_SYMBOLS = { compute: "t_C", memory: "t_W", weights: "t_W", kv: "t_KV", slope: "t_KV" };

export function crossingWords(f) {
  const here = `At a batch of ${number(f.batch, 5)}, reading takes ${ms(f.t_memory_s)} and computing ${ms(f.t_compute_s)}: the step is ${f.bound === "balanced" ? "balanced" : `${f.bound}-bound`}.`;
  if (f.crossover_batch === null) {
    return `${here} There is no crossover: each further sequence brings more cache to read than arithmetic to do, so no batch ever binds compute.`;
  }
  return `${here} The two cross at a batch of ${batchWords(f.crossover_batch)}.`;
}

// one line that stays in sight on a narrow screen while a slider moves
export const liveWords = (f) =>
  `T_compute ${ms(f.t_compute_s)} · T_memory ${ms(f.t_memory_s)} · B* ${f.crossover_batch === null ? "none" : batchWords(f.crossover_batch)} · ${f.bound}-bound`;

export function headline(found) {
  const e = found.estimate;
  const short = e.memory.shortfall_bytes;
  if (!e.fits) return { is_yes: false, word: "Does not fit", detail: `each GPU is short by ${gib(short)}` };
  const most = e.kv_cache.max_concurrency;
  const detail = most === null ? "one request and any number more" : `room for ${count(most)} requests of ${tokens(e.context_tokens)} tokens at once`;
  return { is_yes: true, word: "Fits", detail };
}

export function tiles(found) {
  const e = found.estimate;
  const { tpot_s: tpot, ttft_s: ttft } = e.latency;
  const out = e.throughput.output_tokens_per_s;
  const cost = e.cost;
  const money = (spread, note) => (spread ? [usd(spread.median), `${usd(spread.low)} to ${usd(spread.high)}${note}`] : [ABSENT, "no price known"]);
  return [
    ["tpot", "Time per token", seconds(tpot.value), band(tpot, seconds), "TPOT and TTFT", "TPOT"],
    ["ttft", "Time to first token", seconds(ttft.value), band(ttft, seconds), "TPOT and TTFT", "TTFT"],
    ["throughput", "Output tokens/s", rate(out.value), `${band(out, rate)}, all requests`, "Throughput and cost", "tokens/s"],
    ["usd_out", "$ per million out", ...money(cost.usd_per_mtok_output, ""), "Throughput and cost", "$/Mtok out"],
    ["usd_in", "$ per million in", ...money(cost.usd_per_mtok_input, ""), "Throughput and cost", "$/Mtok in"],
    ["usd_hour", "$ an hour", ...money(cost.usd_per_hour, cost.prices_as_of ? `, ${cost.prices_as_of}` : ""), "Throughput and cost", "$/Mtok out"],
    ["max_context", "Longest context", tokens(e.kv_cache.max_context_tokens), "for what is asked", "KV cache", "one request"],
    ["bound", "Takes most of a step", e.latency.bound, `${e.weights}, ${e.engine} ${e.engine_version}`, "One decode step", ""],
  ];
}

export function splitWords(found) {
  const p = found.estimate.parallel;
  const degrees = [["TP", p.tensor], ["PP", p.pipeline], ["DP", p.data], ["EP", p.expert]].filter(([, degree]) => degree > 1);
  const split = degrees.map(([name, degree]) => `${name}${degree}`).join(" ") || "one GPU";
  return found.estimate.replicas > 1 ? `${found.estimate.replicas} replicas of ${split}` : split;
}

export function curveRows(curve) {
  const step = Math.max(1, Math.floor(curve.length / 12));
  return curve.filter((_, index) => index % step === 0 || index === curve.length - 1)
    .map((p) => [number(p.batch, 5), ms(p.t_compute_s), ms(p.t_memory_s), ...(p.step_s === null ? [] : [ms(p.step_s)])]);
}

export const frontRows = (front) => front.map((p) => [
  p.split, p.concurrency, seconds(p.tpot_s), seconds(p.ttft_s), rate(p.output_tokens_per_s), p.usd_per_mtok_output === null ? ABSENT : usd(p.usd_per_mtok_output),
]);

export const memoryRows = (bar) => [
  ...bar.parts.map((part) => [part.label, gib(part.bytes)]),
  ["Usable by the engine", gib(bar.usable_bytes)],
  ["Capacity", gib(bar.capacity_bytes)],
];

const CHANGES = {
  context: "a shorter context", kv_cache: "a smaller KV cache", weights: "smaller weights", engine: "llama.cpp", hardware: "another card",
  gpus: "more GPUs", machine: "another machine",
};

export const changeRows = (changes) => changes.map((c) => [
  CHANGES[c.change] || c.change, `${c.gpus}× ${c.hardware}`, c.weights, tokens(c.context_tokens), gib(c.usable_bytes - c.free_bytes), seconds(c.tpot_s.value), c.usd_per_hour ? usd(c.usd_per_hour.median) : ABSENT,
]);

// The same figures of two answers, one row each.
export function besideRows(mode, first, second) {
  const rows = (found) => (mode === "raw" ? rooflineFigures(found.figures, "", {}) : [
    ["fits", "", headline(found).word],
    ...tiles(found),
    ...rooflineFigures(found.roofline, "", {}).slice(0, 1),
  ]);
  const there = rows(second);
  return rows(first).map(([, name, value], index) => [name || "Verdict", value, there[index][2]]);
}
