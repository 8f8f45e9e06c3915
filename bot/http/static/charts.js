// Three pictures, drawn by Chart.js from what the server sent. Where it is blocked, the tables beside them say the same.

import { gib, number, rate } from "./say.js";

export const canDraw = () => typeof window.Chart === "function";
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Picture {
  constructor(canvas) { this.canvas = canvas; this.chart = null; }

  draw(config, words) {
    this.canvas.setAttribute("aria-label", words);
    if (!canDraw()) return;
    if (this.chart) { this.chart.data = config.data; this.chart.options = config.options; this.chart.update("none"); return; }
    this.chart = new window.Chart(this.canvas, config);
  }

  forget() { this.chart?.destroy(); this.chart = null; }
}

function axis(title, extra = {}) {
  return {
    title: { display: true, text: title, color: colour("soft") },
    grid: { color: colour("line") },
    border: { color: colour("line") },
    ...extra,
    ticks: { color: colour("soft"), maxRotation: 0, ...(extra.ticks || {}) },
  };
}

const quiet = (tooltip) => ({
  animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
  interaction: { mode: "nearest", axis: "xy", intersect: false },
  plugins: { legend: { display: false }, tooltip: { callbacks: tooltip, displayColors: false } },
});

const line = (label, data, name, extra = {}) =>
  ({ type: "line", label, data, borderColor: colour(name), backgroundColor: colour(name), borderWidth: 2.5, pointRadius: 0, pointHitRadius: 12, ...extra });

// a short text beside a point, held inside the chart
const LABELS = {
  id: "labels",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea: area } = chart;
    ctx.save();
    ctx.font = "600 12px system-ui, sans-serif";
    chart.data.datasets.forEach((set, index) => {
      if (!set.note) return;
      const meta = chart.getDatasetMeta(index).data;
      const point = meta[meta.length - 1];
      if (!point) return;
      const width = ctx.measureText(set.note).width;
      const is_right = point.x + 10 + width > area.right;
      ctx.textAlign = is_right ? "right" : "left";
      ctx.lineWidth = 4;
      ctx.strokeStyle = colour("card");
      ctx.fillStyle = colour(set.noteColour || "mark");
      const x = point.x + (is_right ? -10 : 10);
      const down = point.y + (set.noteDown || 0) > area.bottom - 12 ? -16 : set.noteDown || 0;
      const y = Math.max(area.top + 12, point.y + down);
      ctx.strokeText(set.note, x, y);
      ctx.fillText(set.note, x, y);
    });
    ctx.restore();
  },
};

export function roofline(curve, at, crossover) {
  const points = (key) => curve.map((point) => ({ x: point.batch, y: point[key] * 1e3 }));
  const last = curve[curve.length - 1].batch;
  const top = ROOM * 1e3 * Math.max(curve[curve.length - 1].t_memory_s, curve[curve.length - 1].t_compute_s);
  const sets = [
    line("T_memory", points("t_memory_s"), "memory"),
    line("T_compute", points("t_compute_s"), "compute", { borderDash: [7, 4] }),
  ];
  if (curve[0].step_s !== null) sets.push(line("step as calibrated", points("step_s"), "step", { borderWidth: 1.5, borderDash: [2, 3] }));
  if (at.batch <= last) {
    sets.push(line(`B = ${number(at.batch, 5)}`, [{ x: at.batch, y: 0 }, { x: at.batch, y: at.latency_s * 1e3 }], "mark",
      { borderWidth: 1.25, borderDash: [3, 3], pointRadius: [0, 5], note: `B = ${number(at.batch, 5)}`, noteDown: 18 }));
  }
  if (crossover && crossover.batch <= last) {
    sets.push(line("crossover", [{ x: crossover.batch, y: crossover.at_s * 1e3 }], "mark", { pointRadius: 6, pointStyle: "rectRot", note: `B* = ${crossover.text}`, noteDown: -14 }));
  }
  return {
    data: { datasets: sets },
    options: {
      ...quiet({ title: (items) => `batch ${number(items[0].raw.x, 5)}`, label: (item) => `${item.dataset.label}: ${number(item.raw.y, 4)} ms` }),
      scales: {
        x: axis("sequences in a step (batch)", { type: "linear", min: 0, max: last }),
        y: axis("milliseconds a step", { type: "linear", beginAtZero: true, max: curve[0].step_s === null ? undefined : top, ticks: { includeBounds: false, callback: (value) => number(value) } }),
      },
    },
    plugins: [LABELS],
  };
}

// the two roofline times fill the picture; the calibrated step may leave it at the top
const ROOM = 1.6;

export function front(found) {
  const best = found.front.map((p) => ({ x: p.tpot_s * 1e3, y: p.output_tokens_per_s, p }));
  const others = found.others.map(([tpot_s, y]) => ({ x: tpot_s * 1e3, y }));
  const mine = { x: found.estimate.latency.tpot_s.value * 1e3, y: found.estimate.throughput.output_tokens_per_s.value };
  return {
    data: {
      datasets: [
        line("worth taking", best, "front", { pointRadius: 4, stepped: false }),
        { type: "scatter", label: "your load", data: [mine], pointRadius: 7, pointStyle: "star", borderWidth: 2, borderColor: colour("mark"), backgroundColor: colour("mark"), note: "your load", noteDown: -12 },
        { type: "scatter", label: "other splits", data: others, pointRadius: 2, borderColor: colour("step"), backgroundColor: colour("step") },
      ],
    },
    options: {
      ...quiet({
        title: (items) => items[0].dataset.label,
        label: (item) => [`${rate(item.raw.y)} tokens/s, ${number(item.raw.x)} ms a token`].concat(item.raw.p ? [`${item.raw.p.concurrency} at once, ${item.raw.p.split}`] : []),
      }),
      scales: {
        x: axis("ms for each token of a request (TPOT)", { type: "linear", beginAtZero: true }),
        y: axis("tokens/s of the machine", { type: "linear", beginAtZero: true, ticks: { callback: (value) => rate(value) } }),
      },
    },
    plugins: [LABELS],
  };
}

export function memory({ parts, capacity_bytes: capacity, usable_bytes: usable, shown_bytes: shown }) {
  const GIB = 2 ** 30;
  const bar = (label, value, name) => ({ label, data: [{ x: value / GIB, y: "GPU" }], backgroundColor: colour(name), borderColor: colour("card"), borderWidth: 1, stack: "all", barPercentage: 0.9, categoryPercentage: 0.95 });
  const sets = parts.map((part) => bar(part.label, part.bytes, part.name));
  const wall = (bytes, text) => ({ bytes, text });
  return {
    type: "bar",
    data: { labels: ["GPU"], datasets: sets },
    options: {
      ...quiet({ title: () => "on the fullest GPU", label: (item) => `${item.dataset.label}: ${gib(item.raw.x * GIB)}` }),
      indexAxis: "y",
      interaction: { mode: "nearest", intersect: true },
      walls: [wall(usable, "usable"), wall(capacity, "capacity")],
      layout: { padding: { top: 18, right: 58 } },
      scales: {
        x: axis("GiB", { stacked: true, min: 0, max: shown / GIB, ticks: { maxTicksLimit: 9, callback: (value) => number(value) } }),
        y: { stacked: true, display: false, type: "category" },
      },
    },
    plugins: [WALLS],
  };
}

const WALLS = {
  id: "walls",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales } = chart;
    ctx.save();
    ctx.font = "600 11px system-ui, sans-serif";
    ctx.strokeStyle = ctx.fillStyle = colour("mark");
    chart.options.walls.forEach((wall, index) => {
      const x = scales.x.getPixelForValue(wall.bytes / 2 ** 30);
      ctx.setLineDash(index ? [] : [4, 3]);
      ctx.lineWidth = 1.5;
      ctx.beginPath(); ctx.moveTo(x, area.top - 4); ctx.lineTo(x, area.bottom); ctx.stroke();
      ctx.textAlign = index ? "left" : "right";
      ctx.fillText(wall.text, x + (index ? 4 : -4), area.top - 6);
    });
    ctx.restore();
  },
};
