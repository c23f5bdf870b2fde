// Distances and areas on the ellipsoid of the plan: lines are geodesics, not straight on the screen.
"use strict";

geoplan.Geodesic = (() => {
  const RADIANS = Math.PI / 180;
  const PANEL_M = 100e3;
  /** Gauss-Legendre nodes and weights on 0..1, exact for polynomials of degree 9. */
  const NODES = [
    [0.04691007703066800, 0.11846344252809454], [0.23076534494715845, 0.23931433524968324],
    [0.5, 0.28444444444444444],
    [0.76923465505284155, 0.23931433524968324], [0.95308992296933200, 0.11846344252809454],
  ];

  return class {
    /** An ellipsoid by its semi-major axis [m] and flattening. */
    constructor(a, f) {
      this.a = a;
      this.f = f;
      this.b = a * (1 - f);
      this.e2 = f * (2 - f);
      this.second = this.e2 / (1 - this.e2);
    }

    /** Vincenty's A and B, and how much the auxiliary sphere's arc differs from the ellipsoid's. */
    series(cosSquareAlpha) {
      const u2 = cosSquareAlpha * this.second;
      const A = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)));
      const B = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)));
      const shift = (sinSigma, cosSigma, cos2m) => B * sinSigma * (cos2m + B / 4 * (
        cosSigma * (2 * cos2m * cos2m - 1)
        - B / 6 * cos2m * (4 * sinSigma * sinSigma - 3) * (4 * cos2m * cos2m - 3)));
      return { A, shift };
    }

    longitude(cosSquareAlpha, sinAlpha, sigma, sinSigma, cosSigma, cos2m) {
      const C = this.f / 16 * cosSquareAlpha * (4 + this.f * (4 - 3 * cosSquareAlpha));
      return (1 - C) * this.f * sinAlpha * (sigma + C * sinSigma
        * (cos2m + C * cosSigma * (2 * cos2m * cos2m - 1)));
    }

    /** Distance [m] and azimuth at the start [radians]; NaN for points nearly opposite on the Earth. */
    inverse(from, to) {
      const U = [from, to].map((at) => Math.atan((1 - this.f) * Math.tan(at.lat * RADIANS)));
      const [s1, s2, c1, c2] = [Math.sin(U[0]), Math.sin(U[1]), Math.cos(U[0]), Math.cos(U[1])];
      const across = (((to.lng - from.lng) % 360 + 540) % 360 - 180) * RADIANS;
      let lambda = across;
      for (let round = 0; round < 200; round += 1) {
        const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
        const sinSigma = Math.hypot(c2 * sinL, c1 * s2 - s1 * c2 * cosL);
        if (sinSigma === 0) return { distance: 0, azimuth: 0 };
        const cosSigma = s1 * s2 + c1 * c2 * cosL;
        const sigma = Math.atan2(sinSigma, cosSigma);
        const sinAlpha = c1 * c2 * sinL / sinSigma;
        const square = 1 - sinAlpha * sinAlpha;
        const cos2m = square > 1e-12 ? cosSigma - 2 * s1 * s2 / square : 0;
        const before = lambda;
        lambda = across + this.longitude(square, sinAlpha, sigma, sinSigma, cosSigma, cos2m);
        if (Math.abs(lambda - before) < 1e-13) {
          const { A, shift } = this.series(square);
          return {
            distance: this.b * A * (sigma - shift(sinSigma, cosSigma, cos2m)),
            azimuth: Math.atan2(c2 * sinL, c1 * s2 - s1 * c2 * cosL),
          };
        }
      }
      return { distance: NaN, azimuth: NaN };
    }

    /** Where one is after a way [m] from a place; the azimuth there comes with it [radians]. */
    direct(from, azimuth, distance) {
      const tanU = (1 - this.f) * Math.tan(from.lat * RADIANS);
      const cosU = 1 / Math.hypot(1, tanU);
      const sinU = tanU * cosU;
      const [sinA, cosA] = [Math.sin(azimuth), Math.cos(azimuth)];
      const sinAlpha = cosU * sinA;
      const square = 1 - sinAlpha * sinAlpha;
      const start = Math.atan2(tanU, cosA);
      const { A, shift } = this.series(square);
      const plain = distance / (this.b * A);
      let sigma = plain;
      let cos2m = 0;
      for (let round = 0, before = Infinity; round < 100 && Math.abs(sigma - before) > 1e-14; round += 1) {
        before = sigma;
        cos2m = Math.cos(2 * start + sigma);
        sigma = plain + shift(Math.sin(sigma), Math.cos(sigma), cos2m);
      }
      cos2m = Math.cos(2 * start + sigma);
      const [sinS, cosS] = [Math.sin(sigma), Math.cos(sigma)];
      const north = sinU * cosS + cosU * sinS * cosA;
      const rest = sinU * sinS - cosU * cosS * cosA;
      const lambda = Math.atan2(sinS * sinA, cosU * cosS - sinU * sinS * cosA);
      const turn = lambda - this.longitude(square, sinAlpha, sigma, sinS, cosS, cos2m);
      return {
        lat: Math.atan2(north, (1 - this.f) * Math.hypot(sinAlpha, rest)) / RADIANS,
        lng: from.lng + turn / RADIANS,
        azimuth: Math.atan2(sinAlpha, -rest),
      };
    }

    length(points) {
      return points.slice(1).reduce((sum, to, place) => sum + this.inverse(points[place], to).distance, 0);
    }

    /** Points along geodesics from point to point, so that what is drawn is what is measured. */
    line(points, every = 20e3) {
      return points.flatMap((to, place) => {
        if (place === 0) return [to];
        const from = points[place - 1];
        const { distance, azimuth } = this.inverse(from, to);
        const parts = Math.min(500, Math.ceil(distance / every)) || 1;
        const between = Array.from({ length: parts - 1 }, (_, part) =>
          this.direct(from, azimuth, distance * (part + 1) / parts));
        return [...between, to];
      });
    }

    /** b² times this is the area of the ellipsoid from the equator to a latitude, over one radian. */
    belt(lat) {
      const e = Math.sqrt(this.e2);
      const sine = Math.sin(lat * RADIANS);
      return sine / (2 * (1 - this.e2 * sine * sine)) + Math.atanh(e * sine) / (2 * e);
    }

    /**
     * Area [m²] inside a ring of geodesics, whichever way it turns; the ring holds no pole.
     *
     * The area between an edge and the parallel of the first point is the integral of the belt over
     * the longitude, taken along the geodesic by Gauss-Legendre quadrature.
     */
    area(points) {
      const ground = this.belt(points[0].lat);
      const sum = points.reduce((total, from, place) => {
        const to = points[(place + 1) % points.length];
        return total + this.under(from, to, ground);
      }, 0);
      return Math.abs(sum) * this.b * this.b;
    }

    under(from, to, ground) {
      const { distance, azimuth } = this.inverse(from, to);
      const panels = Math.max(1, Math.ceil(distance / PANEL_M));
      let sum = 0;
      for (let panel = 0; panel < panels; panel += 1) {
        for (const [node, weight] of NODES) {
          const at = this.direct(from, azimuth, distance * (panel + node) / panels);
          const sine = Math.sin(at.lat * RADIANS);
          const radius = this.a / Math.sqrt(1 - this.e2 * sine * sine) * Math.cos(at.lat * RADIANS);
          sum += weight * (this.belt(at.lat) - ground) * Math.sin(at.azimuth) / radius;
        }
      }
      return sum * distance / panels;
    }
  };
})();
