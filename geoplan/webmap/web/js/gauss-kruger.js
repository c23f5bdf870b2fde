// The plan's measuring plane: longitude and latitude to metres and back, by Krüger's series.
"use strict";

geoplan.GaussKruger = (() => {
  const RADIANS = Math.PI / 180;
  /** How far from the meridian the plane is used [degrees]: the series holds to 0.1 mm there. */
  const REACH = 4;

  /** The coefficients of Krüger (1912) to n⁴, as in Karney (2011), eq. 35 and 36. */
  const forwardSeries = (n) => [
    n / 2 - 2 * n ** 2 / 3 + 5 * n ** 3 / 16 + 41 * n ** 4 / 180,
    13 * n ** 2 / 48 - 3 * n ** 3 / 5 + 557 * n ** 4 / 1440,
    61 * n ** 3 / 240 - 103 * n ** 4 / 140,
    49561 * n ** 4 / 161280,
  ];
  const inverseSeries = (n) => [
    n / 2 - 2 * n ** 2 / 3 + 37 * n ** 3 / 96 - n ** 4 / 360,
    n ** 2 / 48 + n ** 3 / 15 - 437 * n ** 4 / 1440,
    17 * n ** 3 / 480 - 37 * n ** 4 / 840,
    4397 * n ** 4 / 161280,
  ];

  return class {
    constructor({ a, f, meridian, scale, false_easting: east, false_northing: north, latitude }) {
      const n = f / (2 - f);
      this.e = Math.sqrt(f * (2 - f));
      this.meridian = meridian;
      this.radius = scale * a / (1 + n) * (1 + n ** 2 / 4 + n ** 4 / 64);
      this.there = forwardSeries(n);
      this.back = inverseSeries(n);
      this.origin = { east, north: 0 };
      this.origin.north = north - this.forward(L.latLng(latitude, meridian)).north;
    }

    reaches(lng) {
      return Math.abs(lng - this.meridian) <= REACH;
    }

    /** Metres east and north. */
    forward({ lat, lng }) {
      const sine = Math.sin(lat * RADIANS);
      const across = (lng - this.meridian) * RADIANS;
      const conformal = Math.sinh(Math.atanh(sine) - this.e * Math.atanh(this.e * sine));
      const xi = Math.atan2(conformal, Math.cos(across));
      const eta = Math.asinh(Math.sin(across) / Math.hypot(conformal, Math.cos(across)));
      const sum = (first, along, over) => this.there.reduce((total, one, place) =>
        total + one * along(2 * (place + 1) * xi) * over(2 * (place + 1) * eta), first);
      return {
        east: this.origin.east + this.radius * sum(eta, Math.cos, Math.sinh),
        north: this.origin.north + this.radius * sum(xi, Math.sin, Math.cosh),
      };
    }

    inverse({ east, north }) {
      const xi = (north - this.origin.north) / this.radius;
      const eta = (east - this.origin.east) / this.radius;
      const less = (first, along, over) => this.back.reduce((total, one, place) =>
        total - one * along(2 * (place + 1) * xi) * over(2 * (place + 1) * eta), first);
      const xi0 = less(xi, Math.sin, Math.cosh);
      const eta0 = less(eta, Math.cos, Math.sinh);
      const across = Math.atan2(Math.sinh(eta0), Math.cos(xi0));
      const conformal = Math.asinh(Math.sin(xi0) / Math.hypot(Math.sinh(eta0), Math.cos(xi0)));
      return L.latLng(this.latitude(conformal) / RADIANS, this.meridian + across / RADIANS);
    }

    /** The latitude whose isometric latitude is given; each round gains two digits or more. */
    latitude(isometric) {
      let sine = Math.tanh(isometric);
      for (let round = 0; round < 12; round += 1) {
        sine = Math.tanh(isometric + this.e * Math.atanh(this.e * sine));
      }
      return Math.asin(sine);
    }
  };
})();
