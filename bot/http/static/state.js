// The view as an address: every knob that was moved is a key, the second set-up's begin with "b.".

export const RAW = {
  n_active: 8e9, compute: 80e12, n_total: 12e9, bandwidth: 200e9, context_tokens: 8192, kv_bytes: 2, batch: 128, max_batch: 1024,
};

export const MODEL = {
  model: "llama-3.3-70b", hardware: "h100-sxm-80gb", gpus: 4, weights: "", kv_cache: "", context_tokens: 1024, concurrency: 32,
  bandwidth_bytes_per_s: null, compute_flops_per_s: null,
};

// What a question may say and no knob moves. `split` is TP.PP.DP.EP; what a knob contradicts is dropped.
export const SAID = {
  memory_gb: null, prompt_tokens: null, output_tokens: null, engine: "", gpu_memory_utilization: null, max_num_batched_tokens: null, split: "",
};
export const DROPPED_BY = {
  context_tokens: ["prompt_tokens", "output_tokens"], gpus: ["split"], model: ["split"], hardware: ["split", "memory_gb", "engine"],
};

const TEXTS = new Set(["model", "hardware", "weights", "kv_cache", "engine", "split"]);

export const defaults = (mode) => (mode === "raw" ? { ...RAW } : { ...MODEL, ...SAID });

export function readAddress(search) {
  const given = new URLSearchParams(search);
  const mode = given.get("mode") === "raw" ? "raw" : "model";
  const first = setUp(given, mode, "");
  const has_second = [...given.keys()].some((name) => name.startsWith("b."));
  return {
    mode,
    question: given.get("q") || "",
    is_plain: [...given.keys()].every((name) => name === "q"),
    set_ups: has_second ? [first, setUp(given, mode, "b.")] : [first],
  };
}

function setUp(given, mode, prefix) {
  const found = defaults(mode);
  for (const name of Object.keys(found)) {
    const text = given.get(prefix + name);
    if (text === null || text === "") continue;
    if (TEXTS.has(name)) found[name] = text.slice(0, 300);
    else if (Number(text) > 0) found[name] = Number(text);
  }
  return found;
}

export function address(view) {
  const found = new URLSearchParams();
  if (view.mode === "raw") found.set("mode", "raw");
  if (view.question) found.set("q", view.question);
  view.set_ups.forEach((values, index) => {
    for (const [name, value] of Object.entries(values)) {
      if (value !== null && value !== "") found.set((index ? "b." : "") + name, String(value));
    }
  });
  return `?${found}`;
}

// The request that a set-up stands for.
export function request(values) {
  const { split, ...given } = values;
  const asked = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== ""));
  const degrees = (split || "").split(".").map(Number);
  if (degrees.length === 4 && degrees.every((degree) => degree > 0)) {
    const [tensor, pipeline, data, expert] = degrees;
    asked.parallel = { tensor, pipeline, data, expert };
  }
  return asked;
}
