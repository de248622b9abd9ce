/** Student's t distribution: its quantiles, for intervals of means. */

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
const TINY = 1e-300;
const PRECISION = 1e-16;

/** The two-sided quantile: t such that |T| stays below it with probability `confidence`. `freedom` may be a fraction. */
export function studentQuantile(confidence: number, freedom: number): number {
  // Of T, P(|T| > t) = I(x; freedom / 2, 1 / 2) at x = freedom / (freedom + t²), which falls as t rises.
  const outside = 1 - confidence;
  let low = 0;
  let high = 1;
  while (tails(high, freedom) > outside) {
    low = high;
    high *= 2;
  }
  for (let round = 0; round < 200 && high - low > PRECISION * high; round += 1) {
    const middle = (low + high) / 2;
    if (tails(middle, freedom) > outside) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (low + high) / 2;
}

function tails(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The regularised incomplete beta function (Abramowitz and Stegun 26.5.8, evaluated after Lentz 1976). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) {
    return x <= 0 ? 0 : 1;
  }
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 1000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) {
      break;
    }
  }
  return value;
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** The logarithm of the gamma function of a positive number (Lanczos 1964, g = 7). */
function logGamma(z: number): number {
  if (z < 0.5) {
    return Math.log(Math.PI / Math.sin(Math.PI * z)) - logGamma(1 - z);
  }
  const [first = 0, ...rest] = LANCZOS;
  const sum = rest.reduce((total, factor, index) => total + factor / (z + index), first);
  const t = z + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (z - 0.5) * Math.log(t) - t + Math.log(sum);
}
