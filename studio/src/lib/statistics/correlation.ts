/**
 * The interval of the mean of values of which each resembles the one before, as losses do.
 *
 * The long-run variance is that of an autoregression whose order BIC chooses (Berk 1974); what estimating the mean takes
 * from the autocovariances is put back (Kendall 1954, Marriott and Pope 1954), and the quantile is Student's with as
 * many degrees of freedom as there are effective values. `benchmarks/intervals.py` compares it with others.
 */
import { meanOf } from "./describe";
import { studentQuantile } from "./student";

const CONFIDENCE = 0.95;
const FEWEST = 20;

export type CorrelatedMean = {
  /** So many independent values would tell as much of the mean. */
  numEffective: number;
  /** Half of the width of the 95 % interval. */
  halfWidth: number;
};

/** Return the interval that holds although neighbours are alike; null below twenty values. */
export function correlatedMean(values: readonly number[]): CorrelatedMean | null {
  const num = values.length;
  if (num < FEWEST) {
    return null;
  }
  const covariances = autocovariances(values, Math.min(Math.floor(10 * Math.log10(num)), Math.floor(num / 5)));
  const [own = 0] = covariances;
  if (own === 0) {
    return { numEffective: num, halfWidth: 0 };
  }
  const { order, sum, noise } = fitted(covariances, num);
  const biased = order === 0 ? 0 : Math.min(sum + bias(order, sum, num), 1 - 3 / num);
  const longRun = (noise * num) / (num - order - 1) / (1 - biased) ** 2;
  const time = Math.min(Math.max(longRun / ((own * num) / (num - 1)), 1 / num), num / 3);
  const numEffective = num / time;
  const variance = own / (1 - Math.min(1 / numEffective, 0.9));
  const quantile = studentQuantile(CONFIDENCE, Math.max(numEffective - 1, 1));
  return { numEffective, halfWidth: quantile * Math.sqrt(variance / numEffective) };
}

function bias(order: number, sum: number, num: number): number {
  return (order + 3 * sum) / num;
}

/** Biased autocovariances at lags 0 to `most`. */
function autocovariances(values: readonly number[], most: number): number[] {
  const mean = meanOf(values);
  const centred = Float64Array.from(values, (value) => value - mean);
  return Array.from({ length: most + 1 }, (_, lag) => {
    let total = 0;
    for (let index = lag; index < centred.length; index += 1) {
      total += (centred[index] ?? 0) * (centred[index - lag] ?? 0);
    }
    return total / centred.length;
  });
}

type Fit = { order: number; sum: number; noise: number };

/** Fit autoregressions of every order (Levinson 1946, Durbin 1960), and keep the one of the least BIC. */
function fitted(covariances: readonly number[], num: number): Fit {
  const [own = 0] = covariances;
  let factors: number[] = [];
  let noise = own;
  let best: Fit = { order: 0, sum: 0, noise };
  let least = criterion(noise, 0, num);
  for (let order = 1; order < covariances.length; order += 1) {
    const told = factors.reduce((total, factor, index) => total + factor * (covariances[order - 1 - index] ?? 0), 0);
    const partial = ((covariances[order] ?? 0) - told) / noise;
    const mirrored = factors.toReversed();
    factors = [...factors.map((factor, index) => factor - partial * (mirrored[index] ?? 0)), partial];
    noise *= 1 - partial * partial;
    const value = criterion(noise, order, num);
    if (value < least) {
      least = value;
      best = { order, sum: factors.reduce((total, factor) => total + factor, 0), noise };
    }
  }
  return best;
}

function criterion(noise: number, order: number, num: number): number {
  return num * Math.log(noise) + Math.log(num) * (order + 1);
}
