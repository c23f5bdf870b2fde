// The panel's part on a check: counts to choose by, the list, what was not checked and why.
"use strict";

geoplan.FINDINGS_AT_A_TIME = 100;

geoplan.FindingsPanel = class {
  constructor(panel, findings) {
    this.panel = panel;
    this.findings = findings;
    this.words = findings.words;
    this.length = geoplan.FINDINGS_AT_A_TIME;
    this.unfolded = new Set();
  }

  say(key, values) {
    return this.words.code("finding", key, values);
  }

  section() {
    const { data, rows } = this.findings;
    this.list = geoplan.el("div", { class: "finding-list" });
    this.fill();
    return this.panel.section("findings", rows.length,
      rows.some((row) => this.findings.isIndicative(row)) ? this.panel.caution() : null,
      geoplan.el("p", { class: "finding-totals" }, this.say("pairs", data.totals)),
      rows.length ? [this.table(), this.sorting()] : geoplan.el("p", { class: "empty" }, this.say("none")),
      this.list, this.notChecked(), this.clear(), this.report());
  }

  /** Severity × outcome: each cell says how many there are, and shows or hides them. */
  table() {
    const { findings, words } = this;
    const look = (severity) => findings.index.data.marks.severity[severity];
    return geoplan.el("table", { class: "finding-table", "aria-label": this.say("table") },
      geoplan.el("thead", {}, geoplan.el("tr", {}, geoplan.el("td", {}),
        geoplan.OUTCOMES.map((outcome) => geoplan.el("th", { scope: "col" }, words.code("outcome", outcome))))),
      geoplan.el("tbody", {}, geoplan.SEVERITIES.map((severity) => geoplan.el("tr", {},
        geoplan.el("th", { scope: "row" }, geoplan.severitySign(look(severity)), " ", words.code("severity", severity)),
        geoplan.OUTCOMES.map((outcome) => geoplan.el("td", {}, this.cell(severity, outcome)))))));
  }

  cell(severity, outcome) {
    const { findings, words } = this;
    const key = `${severity}:${outcome}`;
    const count = findings.count(severity, outcome);
    const names = { severity: words.code("severity", severity), outcome: words.code("outcome", outcome), count };
    const button = geoplan.el("button", {
      type: "button", class: "finding-count", disabled: count === 0, "data-class": key,
      "aria-pressed": String(count > 0 && !findings.hidden.has(key)), "aria-label": this.say("show", names),
      click: () => {
        if (!findings.hidden.delete(key)) findings.hidden.add(key);
        button.setAttribute("aria-pressed", String(!findings.hidden.has(key)));
        this.changed();
      },
    }, String(count));
    return button;
  }

  sorting() {
    const select = geoplan.el("select", {
      change: () => {
        this.findings.order = select.value;
        this.fill();
      },
    }, ["check", "severity", "rule", "subject", "margin"].map((order) =>
      geoplan.el("option", { value: order, selected: order === this.findings.order }, this.say(`sort-${order}`))));
    return geoplan.el("label", { class: "finding-sort" }, this.say("sort"), " ", select);
  }

  /** Draw map and list anew after what is shown has changed. */
  changed() {
    const { planMap } = this.panel;
    planMap.findings.draw();
    planMap.label();
    this.fill();
  }

  fill() {
    const rows = this.findings.shown();
    this.findings.rows.forEach((row) => this.panel.entries.delete(row));
    const left = rows.length - this.length;
    geoplan.refill(this.list,
      geoplan.el("ol", { class: "findings" }, rows.slice(0, this.length).map((row) => this.row(row))),
      !rows.length && this.findings.rows.length ? geoplan.el("p", { class: "empty" }, this.say("none-chosen")) : null,
      left > 0 ? geoplan.el("button", {
        type: "button", class: "link",
        click: () => {
          this.length += geoplan.FINDINGS_AT_A_TIME;
          this.fill();
        },
      }, this.say("more", { count: Math.min(left, geoplan.FINDINGS_AT_A_TIME) })) : null);
  }

  row(row) {
    const { findings, words } = this;
    const rule = findings.rule(row);
    const button = geoplan.el("button", {
      type: "button", class: "finding rule-finding", "data-finding": row.finding_id,
      click: () => this.panel.app.choose(findings.item(row), true),
    },
    geoplan.el("span", { class: "finding-head" }, geoplan.findingNumber(findings, row),
      geoplan.el("span", { class: "finding-severity" },
        `${words.code("severity", rule.severity)} · ${words.code("outcome", row.outcome)}`),
      geoplan.el("span", { class: "exact" }, row.rule_id)),
    geoplan.el("strong", {}, words.of(rule.title)),
    geoplan.el("span", { class: "finding-between" },
      `${findings.sideName(row, "subject")} → ${findings.sideName(row, "object")}`),
    geoplan.el("span", { class: "finding-amount" }, findings.amount(row)),
    findings.chainage(row) ? geoplan.el("span", { class: "finding-law" }, findings.chainage(row)) : null,
    geoplan.el("span", { class: "finding-law" }, findings.cited(rule)),
    row.duty_party
      ? geoplan.el("span", { class: "finding-law" }, words.code("duty_party", row.duty_party)) : null);
    this.panel.entries.set(row, button);
    return geoplan.el("li", {}, button);
  }

  /** Make sure that a finding has a row to be marked, whatever was chosen before. */
  reach(row) {
    const { findings } = this;
    if (findings.hidden.delete(findings.classOf(row))) {
      this.panel.render();
      this.changed();
    }
    const place = findings.shown().indexOf(row);
    if (place >= this.length) {
      this.length = (1 + Math.floor(place / geoplan.FINDINGS_AT_A_TIME)) * geoplan.FINDINGS_AT_A_TIME;
      this.fill();
    }
  }

  /** Reasons, under each what is missing, under that the rules that could not be asked. */
  notChecked() {
    const entries = this.findings.data.not_checked;
    const count = entries.reduce((sum, entry) => sum + entry.count, 0);
    if (!count) return null;
    return this.fold("not-checked", this.say("not-checked", { count }),
      geoplan.el("p", { class: "notice" }, this.say("not-checked-note")),
      [...this.grouped(entries, (entry) => entry.reason)].map(([reason, mine]) => [
        geoplan.el("h3", {}, this.say("reason", {
          reason: this.words.code("reason", reason), count: mine.reduce((sum, entry) => sum + entry.count, 0),
        })),
        geoplan.el("ul", { class: "finding-rules" }, mine.map((entry) =>
          this.ruleLine(entry.rule_id, entry.count, this.words.of(entry.missing)))),
      ]));
  }

  clear() {
    const rules = this.findings.data.tally.filter((entry) => entry.clear > 0);
    if (!rules.length) return null;
    return this.fold("clear", this.say("clear", { count: this.findings.data.totals.clear_count }),
      geoplan.el("ul", { class: "finding-rules" }, rules.map((entry) => this.ruleLine(entry.rule_id, entry.clear))));
  }

  ruleLine(ruleId, count, missing) {
    const rule = this.findings.data.rules[ruleId];
    return geoplan.el("li", {},
      geoplan.el("span", {}, missing ? geoplan.el("b", {}, missing) : null, missing ? " · " : null,
        `${ruleId} ${this.words.of(rule.title)}`),
      geoplan.el("span", { class: "count" }, this.say("rule-count", { count })),
      geoplan.el("small", { class: "aside" }, this.findings.cited(rule)));
  }

  grouped(entries, keyOf) {
    const groups = new Map();
    for (const entry of entries) {
      const key = keyOf(entry);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(entry);
    }
    return groups;
  }

  /** A part that is closed at first, and stays as it is when the language changes. */
  fold(key, title, ...content) {
    return geoplan.el("details", {
      class: "finding-fold", "data-fold": key, open: this.unfolded.has(key),
      toggle: (event) => {
        if (event.target.open) this.unfolded.add(key);
        else this.unfolded.delete(key);
      },
    }, geoplan.el("summary", {}, title), content);
  }

  report() {
    const { run, packs } = this.findings.data;
    return geoplan.el("p", { class: "note" }, [
      run.code ? this.say("report", run) : null,
      packs.length ? this.say("packs", { packs: this.words.list(packs) }) : null,
      run.law_of ? this.say("law-of", { day: run.law_of }) : this.say("law-any"),
    ].filter(Boolean).join(" · "));
  }

  legend() {
    const { findings, words, panel } = this;
    const { severity } = findings.index.data.marks;
    const line = (dashed) => geoplan.svg("svg",
      { width: 36, height: 14, viewBox: "0 0 36 14", class: "swatch", "aria-hidden": "true" },
      geoplan.svg("path", { d: "M2 7H34", stroke: "#3F454C", "stroke-width": 3, "stroke-dasharray": dashed ? "5 5" : null }));
    const outcome = (name, dashed) => geoplan.el("li", {}, line(dashed), this.say(`sign-${name}`));
    return geoplan.el("li", { class: "layer" },
      geoplan.el("div", { class: "layer-row" },
        panel.visibility(geoplan.FINDINGS, this.say("layer"), geoplan.severitySign(severity.prohibited, 18)),
        geoplan.el("span", { class: "count" }, String(findings.rows.length))),
      geoplan.el("ul", { class: "finding-legend" },
        geoplan.SEVERITIES.map((name) => geoplan.el("li", {}, geoplan.severitySign(severity[name]),
          words.code("severity", name))),
        outcome("hit", false), outcome("uncertain", true)));
  }
};
