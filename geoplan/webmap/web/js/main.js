// Starts the page: reads the data, wires map, panel and details to each other.
"use strict";

geoplan.App = class {
  /** What needs no feature is there at once, and the browser lays it out while layers are read. */
  constructor(map, data) {
    this.map = map;
    this.words = new geoplan.Words(data.phrases, data.lang);
    this.data = data;
    this.frame();
  }

  /** Build the rest, when the layers are there. */
  build() {
    const { map, data } = this;
    geoplan.strokes.learn(data.marks);
    this.index = new geoplan.PlanIndex(data, this.words);
    this.index.findings = data.check ? new geoplan.Findings(this.index) : null;
    // it decides on the room for the map
    this.banner();
    this.planMap = new geoplan.PlanMap(map, this.index, (item) => this.choose(item, false));
    // findings lie on the same ground as overlaps, and say more of it: one of both at a time
    if (this.index.findings) this.planMap.setVisible(geoplan.OVERLAPS, false);
    this.furniture = new geoplan.Furniture(map, this.words, () => this.planMap.home(), data.plan);
    this.details = new geoplan.Details(document.getElementById("details"), this.index, this);
    if (this.index.findings) {
      this.index.findings.sidesAreShown = (row) => this.planMap.showsSides(row, ["subject", "object"]);
    }
    this.search = new geoplan.SearchBox(this.index, this);
    this.filters = new geoplan.Filters(this.index, this.planMap, this);
    this.panel = new geoplan.Panel(this.index, this.planMap, this);
    this.tools = new geoplan.Tools(this);
    this.address = new geoplan.Address(this);
    map.on("click", (event) => this.planMap.large.orElse(event.latlng, null,
      (item) => (item ? this.choose(item, false) : this.close())));
  }

  choose(item, zoom) {
    this.planMap.mark(item);
    this.details.open(item);
    this.panel.mark(item);
    if (zoom) {
      this.panel.showsLayer(this.planMap.reveal(item));
      this.planMap.zoomTo(item);
    }
  }

  /** Say everywhere what a filter has changed. */
  filtered() {
    this.filters.render();
    this.planMap.redrawAnswers();
    this.panel.renderAnswers();
  }

  close() {
    this.planMap.mark(null);
    this.panel.mark(null);
    this.details.close();
  }

  /** Say everything anew in one language; the view and what is chosen stay. */
  speak(lang) {
    this.words.lang = lang;
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    this.frame();
    if (!this.panel) return;
    this.banner();
    this.search.render();
    this.filters.render();
    this.panel.render();
    this.details.render();
    this.furniture.translate();
    this.tools.translate();
    this.address.soon();
    const container = this.planMap.map.getContainer();
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", this.words.say("map"));
    this.planMap.label();
  }

  /** What stands above and below the map. */
  frame() {
    const { plan } = this.data;
    const title = this.words.of(plan.title);
    document.title = title;
    document.getElementById("plan-title").textContent = title;
    document.getElementById("plan-facts").textContent = plan.note ? this.words.of(plan.note) : "";
    this.languageSwitch();
    this.attribution();
  }

  languageSwitch() {
    const root = document.getElementById("language");
    root.setAttribute("aria-label", this.words.say("language"));
    const button = (lang, text) => geoplan.el("button", {
      type: "button", lang: lang === "zh" ? "zh-CN" : "en", "data-lang": lang,
      "aria-pressed": String(this.words.lang === lang),
      click: () => {
        this.speak(lang);
        root.querySelector(`[data-lang=${lang}]`).focus();
      },
    }, text);
    geoplan.refill(root, button("zh", "中文"), button("en", "English"));
    root.hidden = this.data.languages.length < 2;
  }

  /** Say over the map that it is a sketch, if any feature of the plan is drawn as one. */
  banner() {
    const root = document.getElementById("banner");
    const sketched = this.index.drawnWith("schematic", this.index.layersOf("plan"));
    root.hidden = sketched.length === 0;
    geoplan.refill(root,
      geoplan.el("span", { class: "wide" }, this.words.say("banner")),
      geoplan.el("span", { class: "narrow" }, this.words.say("banner-short")));
  }

  attribution() {
    const { plan } = this.data;
    const review = plan.review_number
      ? this.words.say("review-number", { number: plan.review_number })
      : this.words.say("internal-use");
    geoplan.refill(document.getElementById("attribution"),
      geoplan.el("strong", {}, review),
      geoplan.el("span", {}, this.words.of(plan.attribution)),
      geoplan.el("span", {}, this.words.say("data-date", { date: plan.data_date })),
      geoplan.limits(this.data, this.words));
  }
};

/** What the file does not tell exactly, and what it asks others for. */
geoplan.limits = ({ precision_m: grid, online }, words) => [
  grid && geoplan.el("strong", { class: "precision" }, words.say("precision", { grid })),
  online && geoplan.el("strong", { class: "online" }, words.say("online", { title: words.of(online.title) })),
].filter(Boolean);

geoplan.start = async (map, dataId) => {
  const data = JSON.parse(document.getElementById(dataId).textContent);
  const app = new geoplan.App(map, data);
  await geoplan.openLayers(data);
  app.build();
  await app.filters.learn();
  geoplan.app = app;
  app.speak(app.words.lang);
  map.invalidateSize({ animate: false });
  new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
  const placed = app.address.apply();
  // what the page says may have left the map less room
  if (!placed && !map.getSize().equals(app.planMap.openedAt)) app.planMap.open();
  app.planMap.graticule.draw();
  app.planMap.label();
  app.address.follow();
};
