// The card of a finding, and the findings on the card of a feature.
"use strict";

/** Everything that the check and the rule say of one finding. */
geoplan.findingCard = (details, row) => {
  const { words, index } = details;
  const { findings } = index;
  const rule = findings.rule(row);
  const say = (key, values) => words.code("finding", key, values);
  return {
    kicker: [geoplan.severitySign(findings.look(row)), words.code("severity", rule.severity),
      " · ", words.code("outcome", row.outcome)],
    title: [geoplan.findingNumber(findings, row), " ", words.of(rule.title)],
    content: [
      findings.isIndicative(row) ? geoplan.el("p", { class: "notice" }, words.say("indicative")) : null,
      row.shape ? null : geoplan.el("p", { class: "notice" }, say("no-shape")),
      geoplan.el("div", { class: "sides" },
        ["subject", "object"].map((side) => geoplan.findingSide(details, row, side))),
      details.table(geoplan.findingFigures(findings, row)),
      geoplan.el("p", { class: "note" }, say(`outcome-note-${row.outcome}`)),
      geoplan.el("h3", {}, say("rule")),
      details.table(geoplan.ruleFacts(findings, row)),
    ],
  };
};

geoplan.findingFigures = (findings, row) => {
  const { words } = findings;
  const say = (key, values) => words.code("finding", key, values);
  const fact = (key, value) => value !== null && value !== undefined && [say(key), value];
  const margin = findings.figure(row, "margin");
  const reason = row.reason ? words.code("reason", row.reason) : null;
  const shared = (name, write) => row.measure !== "area" && typeof row[name] === "number"
    ? write.call(words, row[name]) : null;
  return [
    fact("outcome", [words.code("outcome", row.outcome), reason ? ` (${reason})` : ""]),
    row.measure ? [say(`measure-${row.measure}`), findings.measured(row)] : fact("measured", say("no-figure")),
    fact("threshold-label", findings.threshold(row)),
    margin === null ? null : fact("margin", `${margin}${findings.unit(row)}`),
    fact("shared-area", shared("shared_area_m2", words.squareMetres)),
    row.measure === "length" ? null : fact("shared-length", shared("shared_length_m", words.metres)),
    row.uncertainty_m ? fact("uncertainty", words.accuracy(row.uncertainty_m)) : null,
    row.line ? fact("line", geoplan.measuringLine(findings, row)) : null,
    fact("chainage", findings.chainage(row)),
    row.duty_party ? fact("duty-party", words.code("duty_party", row.duty_party)) : null,
    [say("id"), geoplan.el("span", { class: "copyable" }, row.finding_id)],
  ];
};

/** The line that was measured from, and where it was taken from. */
geoplan.measuringLine = (findings, row) => {
  const { words } = findings;
  const line = words.code("line", row.line);
  if (!row.line_basis) return line;
  const known = ["as_drawn", "land_layer"].includes(row.line_basis);
  if (known) return `${line} (${words.code("finding", `line-${row.line_basis}`)})`;
  const found = findings.found(row, "object");
  const field = found ? words.column(found.layer, row.line_basis, false) : row.line_basis;
  const value = typeof row.half_width_m === "number" ? words.plain(row.half_width_m) : "?";
  return `${line} (${words.code("finding", "line-field", { value, field })})`;
};

geoplan.ruleFacts = (findings, row) => {
  const { words } = findings;
  const rule = findings.rule(row);
  const fact = (key, value) => value && [words.code("finding", key), value];
  const text = (key, value) => fact(key, value && words.of(value));
  const law = rule.law ? [
    text("law", rule.law),
    fact("article", rule.article),
    fact("confidence", words.code("confidence", rule.confidence)),
    text("in-force", rule.in_force),
    text("repealed", rule.repealed),
    fact("source", rule.source_url && geoplan.el("span", { class: "copyable" }, rule.source_url)),
  ] : [fact("law", words.code("finding", "indicator"))];
  return [
    fact("rule", row.rule_id),
    text("meaning", rule.meaning),
    text("demand", rule.demand),
    ...law,
    text("activity", rule.activity),
    text("duty", rule.duty),
  ];
};

geoplan.findingSide = (details, row, side) => {
  const { index, words } = details;
  const { findings } = index;
  const found = findings.found(row, side);
  const name = findings.sideName(row, side);
  const layers = String(row[`${side}_layer`] || "").split(", ").filter(Boolean);
  return geoplan.el("div", { class: "side" },
    geoplan.el("p", { class: "kicker" }, words.code("finding", side), " · ",
      words.list(layers.map((id) => index.layerTitle(id)))),
    found
      ? geoplan.el("button", { type: "button", class: "link",
        click: () => details.app.choose({ type: "feature", ...found }, true) }, name)
      : geoplan.el("span", {}, name),
    found && details.trust(found));
};

/** On the card of a feature: its findings, each a way to its place and its row. */
geoplan.findingsOf = (details, layer, feature) => {
  const { findings } = details.index;
  const rows = findings ? findings.of(layer, feature) : [];
  if (!rows.length) return null;
  return [
    geoplan.el("h3", {}, details.words.code("finding", "findings")),
    geoplan.el("ul", { class: "related" }, rows.map((row) => geoplan.el("li", {},
      geoplan.el("button", { type: "button", class: "link",
        click: () => details.app.choose(findings.item(row), true) },
      geoplan.findingNumber(findings, row),
      geoplan.el("span", {}, details.words.of(findings.rule(row).title)))))),
  ];
};
