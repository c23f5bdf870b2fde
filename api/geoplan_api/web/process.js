// Runs a process from its form and shows what it answers: a table, a map, a file to keep.
"use strict";

const page = JSON.parse(document.getElementById("page-data").textContent);
const form = document.getElementById("run");
const result = document.getElementById("result");
const progress = document.getElementById("progress");
const curl = document.querySelector("pre.curl");
const MOST_ROWS = 500;
const CODES = {
  outcome: "outcome", severity: "severity", reason: "reason", relation: "value", side: "value",
  chainage_basis: "value", structure: "value", became: "value", confidence: "confidence", subject_status: "value",
  object_status: "value",
};
let running = null;

const own = (object, key) =>
  Object.prototype.hasOwnProperty.call(object, key) ? object[key] : undefined;
const say = (name, values = {}) => page.say[name].replace(/\{(\w+)\}/g,
  (whole, key) => (own(values, key) === undefined ? whole : String(values[key])));

/** An element with texts and elements in it; a text is set as text. */
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  });
  made.append(...children.filter((child) => child !== null));
  return made;
}

// --- what is filled in

class Wrong extends Error {}

const lines = (text) => text.split("\n").map((line) => line.trim()).filter((line) => line);
const number = (text) => {
  const found = Number(text);
  if (text.trim() === "" || !Number.isFinite(found)) throw new Wrong();
  return found;
};
const numbers = (text) => text.split(/[,，\s]+/).filter((one) => one).map(number);
const READ = {
  text: (control) => control.value.trim() || undefined,
  date: (control) => control.value || undefined,
  choice: (control) => control.value || undefined,
  boolean: (control) => control.checked,
  number: (control) => (control.validity.badInput ? number("") : control.value === ""
    ? undefined : number(control.value)),
  lines: (control) => (lines(control.value).length ? lines(control.value) : undefined),
  numbers: (control) => (control.value.trim() ? numbers(control.value) : undefined),
  points: (control) => (control.value.trim() ? lines(control.value).map(numbers) : undefined),
  json: (control) => {
    try {
      return control.value.trim() ? JSON.parse(control.value) : undefined;
    } catch (error) {
      throw new Wrong();
    }
  },
};
READ.integer = READ.number;

function valueOf(field) {
  const way = field.dataset.way;
  if (way === "several") {
    const chosen = [...field.querySelectorAll("input:checked")].map((box) => box.value);
    return chosen.length ? chosen : undefined;
  }
  if (way === "pair") {
    const chosen = [...field.querySelectorAll("select")].map((one) => one.value);
    return chosen.some((one) => one) ? chosen.filter((one) => one) : undefined;
  }
  return READ[way](field.querySelector("input, select, textarea"));
}

/** The inputs that differ from what the process takes by itself; null when one cannot be read. */
function readInputs(tell) {
  const inputs = {};
  let sound = true;
  document.querySelectorAll("#run .field").forEach((field) => {
    let value;
    try {
      value = valueOf(field);
      const control = field.querySelector("[required]");
      if (value === undefined && control) throw new Wrong();
    } catch (error) {
      sound = false;
      if (tell) showWrong(field.dataset.name, say("fix"));
    }
    const usual = field.dataset.default;
    if (value !== undefined && JSON.stringify(value) !== compact(usual)) {
      inputs[field.dataset.name] = value;
    }
  });
  return sound ? inputs : null;
}

const compact = (text) => (text === undefined ? undefined : JSON.stringify(JSON.parse(text)));

function showWrong(name, text) {
  const field = [...document.querySelectorAll("#run .field")]
    .find((one) => one.dataset.name === name);
  if (!field) return false;
  const told = field.querySelector(".wrong");
  told.textContent = text;
  told.hidden = false;
  const control = field.querySelector("input, select, textarea");
  control.setAttribute("aria-invalid", "true");
  if (!document.querySelector("#run :focus[aria-invalid]")) control.focus();
  return true;
}

function clearWrong() {
  document.querySelectorAll("#run .wrong").forEach((told) => {
    told.textContent = "";
    told.hidden = true;
  });
  document.querySelectorAll("#run [aria-invalid]").forEach((one) =>
    one.removeAttribute("aria-invalid"));
}

/** The example with curl says what the form says. */
function showCurl() {
  const inputs = readInputs(false);
  if (inputs === null) return;
  const body = JSON.stringify({ inputs }).replace(/'/g, "'\\''");
  curl.textContent = `curl -H 'Content-Type: application/json' -d '${body}' ${curl.dataset.url}`;
}

// --- running

async function run(accept) {
  clearWrong();
  const inputs = readInputs(true);
  if (inputs === null) return;
  const begun = performance.now();
  running = new AbortController();
  busy(true);
  try {
    const answer = await fetch(form.dataset.execution, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: accept },
      body: JSON.stringify({ inputs }),
      signal: running.signal,
    });
    const kind = answer.headers.get("Content-Type") || "";
    if (!answer.ok) showProblem(await answer.json());
    else if (accept === "application/json") showResult(await answer.text());
    else showFile(await answer.blob(), kind);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    progress.textContent = answer.ok ? say("done", { seconds }) : "";
  } catch (error) {
    progress.textContent = error.name === "AbortError" ? say("cancelled") : say("not-sent");
  }
  busy(false);
}

function busy(now) {
  form.querySelectorAll(".actions button").forEach((button) => { button.disabled = now; });
  form.setAttribute("aria-busy", String(now));
  const cancel = document.getElementById("cancel");
  if (cancel) cancel.remove();
  if (!now) return;
  progress.textContent = say("running");
  const button = el("button", { type: "button", id: "cancel", class: "quiet" }, say("cancel"));
  button.addEventListener("click", () => running.abort());
  form.querySelector(".actions").append(button);
}

function begin(...children) {
  result.replaceChildren(...children);
  result.hidden = false;
}

function showProblem(problem) {
  const name = String(problem.pointer || "").split("/")[2];
  const detail = String(problem.detail || problem.title);
  const bare = detail.startsWith(`${problem.pointer}: `)
    ? detail.slice(problem.pointer.length + 2) : detail;
  result.hidden = true;
  if (name && showWrong(name, bare)) return;
  begin(el("p", { class: "wrong", role: "alert" }, `${say("failed")} ${detail}`));
  result.focus();
}

function fileLink(blob, name) {
  const link = el("a", { class: "button quiet", download: name }, say("download"));
  link.href = URL.createObjectURL(blob);
  return el("p", {}, link, ` ${name} · ${Math.ceil(blob.size / 1024).toLocaleString("en")} KB`);
}

const processName = form.dataset.execution.split("/").slice(-2)[0];

const ENDINGS = [["geo+json", "geojson"], ["csv", "csv"], ["geopackage", "gpkg"],
  ["spreadsheetml", "xlsx"], ["tiff", "tif"], ["html", "html"],
  ["wordprocessingml", "docx"], ["pdf", "pdf"], ["png", "png"], ["svg", "svg"]];

function showFile(blob, kind) {
  const [, ending] = ENDINGS.find(([part]) => kind.includes(part)) || ["", "bin"];
  const link = fileLink(blob, `${processName}.${ending}`);
  begin(el("h2", {}, say("table")), el("p", {}, say("ready-file")), link);
  link.querySelector("a").focus();
}

// --- a result

function showResult(text) {
  const found = JSON.parse(text);
  const features = found.features || [];
  const rows = found.rows || features.map((one) => one.properties);
  const parts = [el("h2", {}, say("table"))];
  parts.push(fileLink(new Blob([text], { type: "application/json" }), `${processName}.json`));
  parts.push(...totals(found.totals || {}), ...leftOut(found.leftOut || []));
  parts.push(...verdicts(found.parts || []));
  parts.push(el("h3", {}, say("rows")), ...table(rows, head));
  Object.entries(found.tables || {}).forEach(([id, printed]) => {
    const named = (name) => own(page.words, `head.${id}.${name}`)
      || own(page.words, `head.${name}`) || head(name);
    parts.push(el("h3", {}, own(page.words, `table.${id}`) || id), ...table(printed, named));
  });
  const box = el("div", { class: "map", role: "region", "aria-label": say("map") });
  if (features.some((one) => one.geometry)) parts.push(el("h2", {}, say("map")), box);
  parts.push(...record(found));
  begin(...parts);
  if (box.isConnected) geoplanMap.draw(box, features, look(rows));
  result.focus();
}

function look() {
  return {
    fill: "#D1495B", stroke: "#7A1F2B", zoomIn: say("zoom-in"), zoomOut: say("zoom-out"),
    popup: (one) => {
      const named = columnsOf([one.properties]).slice(0, 8);
      return el("div", {}, ...named.map((name) =>
        el("div", {}, `${head(name)}: ${cell(name, one.properties[name])}`)));
    },
  };
}

function totals(found) {
  const names = Object.keys(found).filter((name) => found[name] !== null
    && typeof found[name] !== "object");
  if (!names.length) return [];
  const rows = names.map((name) => el("tr", {}, el("th", { scope: "row" },
    own(page.words, `total.${name}`) || head(name)),
    el("td", { class: "number" }, cell(name, found[name]))));
  return [el("h3", {}, say("totals")), el("table", { class: "facts" }, el("tbody", {}, ...rows))];
}

const OF_FINDING = [
  "outcome", "severity", "rule_id", "title", "title_en", "feature_layer", "feature_id",
  "feature_name", "feature_name_en", "measured", "threshold", "pm", "unit", "law", "law_en",
  "article", "confidence", "reason",
];

/** What is to be said of each layer, raster and rule as a whole, one table for each kind. */
function verdicts(parts) {
  const findings = parts.filter((one) => "rule_id" in one).map((one) =>
    Object.fromEntries(OF_FINDING.map((name) => [name, one[name]])));
  const classes = parts.flatMap((one) =>
    (one.classes || []).map((row) => ({ raster: one.raster, ...row })));
  const groups = [
    ["by-layer", parts.filter((one) => "layer" in one)],
    ["by-raster", parts.filter((one) => "raster" in one)],
    ["by-class", classes],
    ["by-rule", findings],
    ["rules-unchecked", parts.filter((one) => "rule_ids" in one || "packs" in one)],
  ];
  return groups.filter(([, rows]) => rows.length).flatMap(([name, rows]) =>
    [el("h3", {}, say(name)), ...table(rows.map(({ classes: _, ...row }) => row), head)]);
}

/** What was not measured is said before what was. */
function leftOut(found) {
  if (!found.length) return [];
  const told = found.map((one) => {
    const reason = own(page.words, `reason.${one.reason}`) || String(one.reason);
    const layers = (one.layers || []).map((id) => own(page.titles, id) || id).join(", ");
    const ids = (one.ids || []).map((id) => (Array.isArray(id) ? id.join(" × ") : String(id)));
    return el("li", {}, `${reason}: ${layers} ${ids.slice(0, 20).join(", ")}`
      + (ids.length > 20 ? " …" : ""));
  });
  return [el("div", { class: "note" }, el("p", {}, say("left-out")), el("ul", {}, ...told))];
}

/** Columns that hold something; a name comes in the language of the page alone. */
function columnsOf(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const english = page.lang === "en";
  return names.filter((name) => {
    if (english && names.includes(`${name}_en`)) return false;
    if (!english && name.endsWith("_en") && names.includes(name.slice(0, -3))) return false;
    return rows.some((row) => row[name] !== null && row[name] !== undefined);
  });
}

function table(rows, headOf) {
  const all = el("p", { role: "status" }, say(rows.length ? "count-rows" : "no-rows",
    { count: rows.length }));
  if (!rows.length) return [all];
  const names = columnsOf(rows);
  const shown = rows.slice(0, MOST_ROWS);
  const heads = names.map((name) => el("th", { scope: "col" }, headOf(name)));
  const body = shown.map((row) => el("tr", {}, ...names.map((name) =>
    el("td", { class: typeof row[name] === "number" ? "number" : null }, cell(name, row[name])))));
  const made = el("table", {}, el("caption", { class: "unseen" }, say("table")),
    el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...body));
  const more = rows.length > MOST_ROWS ? el("p", { class: "note" },
    say("more-rows", { shown: MOST_ROWS, count: rows.length })) : null;
  const wide = el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": say("table") },
    made);
  return [all, ...(more ? [more] : []), wide];
}

function head(name) {
  const base = name.endsWith("_en") ? name.slice(0, -3) : name;
  const bare = page.lang === "en" ? own(page.words, `column.${base}`) : undefined;
  return bare || own(page.words, `column.${name}`) || name;
}

function cell(name, value) {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (typeof value === "number") {
    if (/_ratio$/.test(name)) return `${(value * 100).toFixed(1)} %`;
    if (Number.isInteger(value)) return /_(m2|m|count)$/.test(name) ? value.toLocaleString("en") : String(value);
    return value.toLocaleString("en", { maximumFractionDigits: /_(lon|lat)$|^(lon|lat)$/.test(name) ? 6 : 2 });
  }
  if (typeof value === "object") return JSON.stringify(value);
  if (/(^|_)layer$|^raster$/.test(name)) return own(page.titles, value) || value;
  return own(page.words, `${own(CODES, name)}.${value}`) || value;
}

function record(found) {
  if (!found.run) return [];
  const sources = (found.sources || []).map((one) => el("li", {},
    `${own(page.titles, one.layer || one.raster) || one.layer || one.raster}: ${one.source} (${one.date})`));
  const run = JSON.stringify({ inputs: found.inputs, run: found.run }, null, 1);
  return [el("h3", {}, say("sources")), el("ul", {}, ...sources),
    el("details", {}, el("summary", {}, say("run-record")), el("pre", { tabindex: "0" }, run))];
}

form.hidden = false;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter || form.querySelector(".actions button");
  run(button.dataset.accept);
});
form.addEventListener("input", showCurl);
