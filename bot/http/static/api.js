// Asks the server this page came from. A refusal is an error with what to try; a newer question gives up the older one.

export class Refused extends Error {
  constructor(problem) {
    super(problem.detail || "this cannot be answered");
    this.hint = problem.error?.hint || "";
    this.suggestions = problem.error?.suggestions || [];
    this.status = problem.status;
  }
}

let key = sessionStorage.getItem("hubgauge.key") || "";

export function useKey(text) {
  key = text;
  sessionStorage.setItem("hubgauge.key", text);
}

async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (key) headers["X-API-Key"] = key;
  const response = await fetch(path, { ...options, headers });
  const found = await response.json();
  if (response.ok) return found;
  if (response.status === 401) document.dispatchEvent(new CustomEvent("needs-key"));
  throw new Refused(found);
}

export const get = (path) => ask(path);

export const post = (path, body, signal) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal });
