// Places in words: longitude and latitude, the plan's plane, and what a person typed read as either.
"use strict";

geoplan.Places = class {
  constructor(plan, words) {
    this.words = words;
    this.plane = plan.plane && new geoplan.GaussKruger(plan.plane);
    this.said = plan.plane;
  }

  degrees(at, decimals = 7) {
    return `${at.lng.toFixed(decimals)}, ${at.lat.toFixed(decimals)}`;
  }

  /** Degrees, minutes and seconds to a hundredth: about 30 cm. */
  sexagesimal(at) {
    const write = (value, positive, negative) => {
      const hundredths = Math.round(Math.abs(value) * 360000);
      const seconds = (hundredths % 6000) / 100;
      const minutes = Math.floor(hundredths / 6000) % 60;
      const two = (number, digits) => number.toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
      return `${Math.floor(hundredths / 360000)}°${two(minutes, 0)}′${two(seconds, 2)}″${value < 0 ? negative : positive}`;
    };
    return `${write(at.lng, "E", "W")} ${write(at.lat, "N", "S")}`;
  }

  /** X to the north and Y to the east, as surveyors in China write them; null where the plane ends. */
  inPlane(at, decimals = 2) {
    if (!this.plane || !this.plane.reaches(at.lng)) return null;
    const { east, north } = this.plane.forward(at);
    return { x: north.toFixed(decimals), y: east.toFixed(decimals) };
  }

  planeName() {
    const { code, name, datum, meridian } = this.said;
    if (!/CGCS ?2000|China Geodetic/.test(datum)) return `${name} (${code})`;
    const zone = Number.isInteger(meridian / 3) ? meridian / 3 : "–";
    return this.words.say("plane-name", { code, meridian, zone });
  }

  /**
   * Where a typed pair of numbers lies: `{at}`, or `{wrong}` with the key of what to say.
   * Degrees are longitude, latitude; metres are X (north), Y (east), or the other way round where
   * the numbers, or letters before them, leave no doubt.
   */
  read(text) {
    const plain = text.normalize("NFKC").replace(/[−–]/g, "-").replace(/[°度]/g, " ");
    const found = [...plain.matchAll(/([A-Za-z]?)\s*[:=]?\s*([-+]?\d+(?:\.\d+)?)(?![\d.])/g)];
    const rest = plain.replace(/[-+]?\d+(?:\.\d+)?/g, " ").replace(/[XYENxyen:=,;，；、()\s]/g, "");
    if (found.length !== 2 || rest) return { wrong: "goto-unclear" };
    const [first, second] = found.map((one) => Number(one[2]));
    const letters = found.map((one) => one[1].toUpperCase()).join("");
    if (Math.abs(first) <= 180 && Math.abs(second) <= 180) return this.readDegrees(first, second, letters);
    return this.plane ? this.readMetres(first, second, letters) : { wrong: "goto-unclear" };
  }

  readDegrees(first, second, letters) {
    const swapped = letters === "NE" || Math.abs(second) > 90;
    const [lng, lat] = swapped ? [second, first] : [first, second];
    return Math.abs(lat) > 90 ? { wrong: "goto-unclear" } : { at: L.latLng(lat, lng) };
  }

  readMetres(first, second, letters) {
    const { false_easting: origin, meridian } = this.said;
    const near = (value) => Math.abs(this.withoutZone(value) - origin) < 4e5;
    const swapped = ["YX", "EN"].includes(letters) || (!letters && near(first) && !near(second));
    const [north, typed] = swapped ? [second, first] : [first, second];
    const east = this.withoutZone(typed);
    if (Math.abs(north) > 1.001e7) return { wrong: "goto-unclear" };
    if (Math.abs(east - origin) > 4e5) return { wrong: typed > 1e6 ? "goto-zone" : "goto-outside" };
    const at = this.plane.inverse({ east, north });
    return this.plane.reaches(at.lng) ? { at } : { wrong: "goto-outside", meridian };
  }

  /** An easting without the number of its zone in front, where that is the plan's zone. */
  withoutZone(east) {
    const { false_easting: origin, meridian } = this.said;
    const zone = Math.floor(east / 1e6);
    return origin < 1e6 && zone > 0 && zone * 3 === meridian ? east - zone * 1e6 : east;
  }
};
