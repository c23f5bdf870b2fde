// Prints the map to a scale, on A4 or A3.
"use strict";

geoplan.PAPERS = { A4: [210, 297], A3: [297, 420] };
geoplan.SCALES = [500, 1000, 2000, 5000, 1e4, 2.5e4, 5e4, 1e5, 2e5, 2.5e5, 5e5, 1e6];

geoplan.Print = class {
  constructor(app, end) {
    this.app = app;
    this.words = app.words;
    this.end = end;
    this.sheet = new geoplan.Sheet(app);
    this.chosen = { paper: "A4", turn: "landscape", scale: "fit", own: "" };
    this.page = geoplan.el("style", {});
    this.onKey = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.end();
    };
  }

  open() {
    document.addEventListener("keydown", this.onKey, true);
    this.fields.querySelector("select").focus({ preventScroll: true });
  }

  close() {
    document.removeEventListener("keydown", this.onKey, true);
    if (!this.sheet.root) return;
    this.sheet.close();
    this.bar.remove();
    this.page.remove();
  }

  content() {
    const { words } = this;
    const select = (key, options) => {
      const node = geoplan.el("select", { "data-print": key, change: () => { this.chosen[key] = node.value; this.show(); } },
        options.map(([value, text]) => geoplan.el("option", { value, selected: this.chosen[key] === value }, text)));
      return geoplan.el("label", {}, geoplan.el("span", {}, words.say(`print-${key}`)), node);
    };
    const scales = geoplan.SCALES.map((ratio) => [String(ratio), `1:${words.number(ratio, 0)}`]);
    this.own = geoplan.el("input", {
      class: "tool-input", inputmode: "numeric", maxlength: 12, "data-print": "own-scale", "aria-label": words.say("print-own"),
      input: () => { this.chosen.own = this.own.value; this.show(); },
    });
    this.own.value = this.chosen.own;
    this.wrong = geoplan.el("p", { class: "tool-wrong", role: "alert" });
    this.preview = geoplan.el("button", { type: "button", class: "tool-button main", "data-print": "preview",
      click: () => this.lay() }, words.say("print-preview"));
    this.fields = geoplan.el("div", { class: "print-fields" },
      select("paper", Object.keys(geoplan.PAPERS).map((name) => [name, name])),
      select("turn", ["landscape", "portrait"].map((turn) => [turn, words.say(`print-${turn}`)])),
      select("scale", [["fit", words.say("print-fit")], ...scales, ["own", words.say("print-own")]]),
      this.own);
    this.show();
    return [this.fields, this.wrong, geoplan.el("div", { class: "tool-buttons" }, this.preview),
      geoplan.el("p", { class: "tool-note" }, words.say("print-basis"))];
  }

  /** The N asked for: null fits, NaN is none. */
  ratio() {
    const { scale, own } = this.chosen;
    if (scale === "fit") return null;
    if (scale !== "own") return Number(scale);
    const typed = /^\s*(?:1\s*[:：])?\s*([\d,，\s]+)$/.exec(own);
    const value = typed ? Number(typed[1].replace(/[,，\s]/g, "")) : NaN;
    return value >= 450 && value <= 2e8 ? value : NaN;
  }

  show() {
    const asked = this.ratio();
    this.own.hidden = this.chosen.scale !== "own";
    this.preview.disabled = Number.isNaN(asked);
    this.wrong.textContent = Number.isNaN(asked) && this.chosen.own ? this.words.say("print-wrong") : "";
  }

  /** Put the map on the sheet, and what starts the printer above it. */
  lay() {
    const wide = this.chosen.turn === "landscape";
    const [short, long] = geoplan.PAPERS[this.chosen.paper];
    const [width, height] = wide ? [long, short] : [short, long];
    this.page.textContent = `@page { size: ${width}mm ${height}mm; margin: 0; }`;
    document.head.append(this.page);
    // a hair lower than the paper, or rounding gives a second page
    this.sheet.open({ width: `${width}mm`, height: `${height - 0.3}mm`, wide, title: this.words.of(this.app.data.plan.title) });
    this.sheet.sayFacts(this.sheet.place(this.ratio()));
    const button = (key, main, click) => geoplan.el("button",
      { type: "button", class: main ? "tool-button main" : "tool-button", "data-print": key, click }, this.words.say(key));
    this.bar = geoplan.el("div", { class: "sheet-bar", role: "toolbar", "aria-label": this.words.say("tool-print") },
      button("print-now", true, () => window.print()), button("print-back", false, () => this.end()),
      geoplan.el("span", {}, this.words.say("print-hint")));
    document.body.append(this.bar);
    this.bar.firstChild.focus({ preventScroll: true });
  }
};
