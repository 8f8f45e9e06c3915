// Blocks on stdin, as {"name": [block, ...]}; a page on stdout, with one message for each name.
// Drawn by slack-blocks-to-jsx, which nobody here wrote; the folder with its node_modules is the first argument.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const path = require("node:path");

const from = createRequire(path.join(process.argv[2], "index.js"));
const { createElement } = from("react");
const { renderToStaticMarkup } = from("react-dom/server");
const { Message } = from("slack-blocks-to-jsx");
const style = readFileSync(path.join(path.dirname(from.resolve("slack-blocks-to-jsx")), "style.css"), "utf8");

const LOGO = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="8" fill="#1a1d21"/>' +
  '<path d="M8 25a10 10 0 0 1 20 0" fill="none" stroke="#ffd21e" stroke-width="3"/>' +
  '<path d="M18 25l6-8" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>');

// The package takes `verbatim` for "no markup"; Slack means "no links of your own", and reads the markup all the same.
// It also takes what stands between two dollar signs for a formula, which Slack does not.
const seen = (key, value) => (key === "verbatim" ? undefined : typeof value === "string" ? value.replaceAll("$", "$\u2060") : value);

function drawn([name, sent]) {
  const blocks = JSON.parse(JSON.stringify(sent, seen));
  const message = createElement(Message, {
    blocks, name: "hubgauge", logo: LOGO, theme: "light", time: new Date(2026, 10, 21, 9, 30),
  });
  return `<div class="one" id="${name}">${renderToStaticMarkup(message)}</div>`;
}

const messages = Object.entries(JSON.parse(readFileSync(0, "utf8"))).map(drawn).join("\n");
process.stdout.write(`<!doctype html><meta charset="utf-8"><style>${style}
body { background: #fff; margin: 0; }
.one { width: 640px; padding: 14px 16px; box-sizing: border-box; }
</style>${messages}`);
