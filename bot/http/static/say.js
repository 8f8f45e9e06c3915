// Numbers in words: units and digits, nothing else. No figure is made here.

const significant = (digits) => new Intl.NumberFormat("en", { maximumSignificantDigits: digits });
const fixed = (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const cents = new Intl.NumberFormat("en", { minimumSignificantDigits: 2, maximumSignificantDigits: 2 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (value) => whole.format(Math.floor(value));
export const number = (value, digits = 3) => significant(digits).format(value);
export const decimals = (value, digits) => fixed(digits).format(value);
export const percent = (value) => `${fixed(2).format(value * 100)} %`;
export const gib = (bytes) => `${fixed(1).format(bytes / 2 ** 30)} GiB`;
export const ms = (seconds) => `${significant(4).format(seconds * 1e3)} ms`;
export const rate = (value) => (value >= 100 ? whole.format(value) : significant(3).format(value));

export function seconds(value) {
  if (value < 1e-3) return `${significant(3).format(value * 1e6)} µs`;
  if (value < 1) return `${significant(3).format(value * 1e3)} ms`;
  return value < 120 ? `${significant(3).format(value)} s` : `${significant(3).format(value / 60)} min`;
}

export function usd(value) {
  if (value >= 100) return `$${whole.format(value)}`;
  return `$${(value >= 1 ? fixed(2) : cents).format(value)}`;
}

export function tokens(value) {
  if (value >= 2 ** 20 && value % 2 ** 20 === 0) return `${whole.format(value / 2 ** 20)}M`;
  if (value >= 1024 && value % 1024 === 0) return `${whole.format(value / 1024)}K`;
  return whole.format(value);
}

const STEPS = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

// 8e9 -> "8 G"; what a slider says aloud
export function scaled(value, unit) {
  for (const [size, letter] of STEPS) {
    if (value >= size) return `${significant(3).format(value / size)} ${letter}${unit}`;
  }
  return `${significant(3).format(value)} ${unit}`.trim();
}

// a number as people type it into a field: 8e9, 12,000, 80e12
export function read(text) {
  const value = Number(String(text).replaceAll(",", "").replaceAll("_", "").trim());
  return Number.isFinite(value) ? value : null;
}

// shortest way to write it back: 8e9, 8192, 0.5
export function written(value) {
  if (value >= 1e6) {
    const power = Math.floor(Math.log10(value) / 3) * 3;
    return `${Number((value / 10 ** power).toPrecision(6))}e${power}`;
  }
  return String(Number(value.toPrecision(6)));
}
