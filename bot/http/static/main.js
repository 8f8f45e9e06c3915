// The view: which mode, which set-ups, what was asked; kept in the address, so that a link shows it again.

import { Refused, get, post, useKey } from "./api.js";
import { el } from "./controls.js";
import { besideRows } from "./figures.js";
import { Panel, grid } from "./panel.js";
import { address, defaults, readAddress } from "./state.js";

const $ = (selector) => document.querySelector(selector);
let view = readAddress(location.search);
let lists = null;
let panels = [];

function show() {
  panels.forEach((panel) => panel.forget());
  panels = view.set_ups.map((values, index) => new Panel({
    name: index ? "B" : "A", mode: view.mode, values, lists, moved: remember, answered: beside, is_one_of_two: view.set_ups.length > 1,
  }));
  const box = $("#panels");
  box.classList.toggle("two", panels.length > 1);
  box.replaceChildren(...panels.map((panel) => panel.box));
  beside();
  $("#compare").setAttribute("aria-pressed", String(panels.length > 1));
  $(`input[name="mode"][value="${view.mode}"]`).checked = true;
}

// both set-ups in one table, once both are answered
function beside() {
  const [first, second] = panels.map((panel) => panel.found);
  const box = $("#beside");
  box.hidden = !first || !second;
  if (!box.hidden) box.replaceChildren(grid(["Figure", "A", "B"], besideRows(view.mode, first, second)));
}

function remember() {
  view.question = "";
  history.replaceState(null, "", address(view));
}

function say(text, is_bad = false) {
  const box = $("#said");
  box.textContent = text;
  box.hidden = !text;
  box.classList.toggle("bad", is_bad);
}

// -- the question

async function answer(question) {
  say("Reading the question…");
  try {
    const found = await post("/v1/ask", { question });
    const chosen = found.results.length ? found.results : found.recommendations;
    if (!chosen.length) throw new Refused({ detail: "no machine was found for that", error: { hint: found.notes?.join(". ") } });
    view = { mode: "model", question, set_ups: chosen.slice(0, found.results.length > 1 ? 2 : 1).map((result) => setUp(found.query, result)) };
    history.replaceState(null, "", address(view));
    say(remarks(found, chosen));
    show();
    $("#main").focus({ preventScroll: true });
  } catch (error) {
    say([error instanceof Refused ? error.message : "The server does not answer.", error.hint, ...(error.suggestions || [])].filter(Boolean).join(" "), true);
  }
}

function remarks(found, chosen) {
  const said = [...(found.notes || [])];
  if (!found.results.length) said.unshift(`No machine was named: this is the first of ${chosen.length} that hold it.`);
  else if (found.results.length > 2) said.unshift(`${found.results.length} set-ups were named; the first two are shown.`);
  return said.join(" ");
}

function setUp(query, { model, hardware, gpus, estimate }) {
  const { tensor, pipeline, data, expert } = estimate.parallel;
  const card = query.hardware.find((each) => each.id === hardware);
  return {
    ...defaults("model"), model, hardware, gpus,
    weights: query.weights || "", kv_cache: query.kv_cache || "",
    context_tokens: estimate.context_tokens, concurrency: query.concurrency || 1,
    memory_gb: card?.memory_gb ?? null, prompt_tokens: query.prompt_tokens, output_tokens: query.output_tokens, engine: query.engine || "",
    gpu_memory_utilization: query.gpu_memory_utilization, max_num_batched_tokens: query.max_num_batched_tokens,
    split: query.parallel ? [tensor, pipeline, data, expert].join(".") : "",
  };
}

$(".ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("#q").value.trim();
  if (question) answer(question);
});

$("#examples").addEventListener("click", ({ target }) => {
  if (target.tagName !== "BUTTON") return;
  $("#q").value = target.textContent;
  answer(target.textContent);
});

// -- what surrounds it

for (const choice of document.querySelectorAll('input[name="mode"]')) {
  choice.addEventListener("change", () => {
    view = { mode: choice.value, question: "", set_ups: view.set_ups.map(() => defaults(choice.value)) };
    say("");
    remember();
    show();
  });
}

$("#compare").addEventListener("click", () => {
  view.set_ups = view.set_ups.length > 1 ? view.set_ups.slice(0, 1) : [view.set_ups[0], { ...view.set_ups[0] }];
  remember();
  show();
});

$("#share").addEventListener("click", async ({ target }) => {
  history.replaceState(null, "", address(view));
  try {
    await navigator.clipboard.writeText(location.href);
    target.textContent = "Copied";
  } catch {
    say(location.href);
    target.textContent = "See above";
  }
  setTimeout(() => { target.textContent = "Copy link"; }, 2000);
});

document.addEventListener("needs-key", () => { $("#keyed").hidden = false; $("#key").focus(); });
$("#keyed").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey($("#key").value.trim());
  $("#keyed").hidden = true;
  start();
});

addEventListener("keydown", ({ key }) => { if (key === "Escape") panels.forEach((panel) => panel.forgetPoint()); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => panels.forEach((panel) => panel.redraw()));
addEventListener("popstate", () => { view = readAddress(location.search); show(); });

async function start() {
  try {
    const [models, cards, formats] = await Promise.all([get("/v1/models"), get("/v1/hardware"), get("/v1/formats")]);
    lists = { cards: cards.hardware, formats };
    $("#models").replaceChildren(...models.models.map((id) => el("option", { value: id })));
  } catch (error) {
    if (error.status !== 401) say("The server does not answer.", true);
    return;
  }
  if (view.question) $("#q").value = view.question;
  if (view.question && view.is_plain) await answer(view.question);
  else show();
}

start();
