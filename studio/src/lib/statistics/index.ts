/** What the advanced panel computes; `tests/unit/studio` holds it against numpy and SciPy. */
export { correlatedMean } from "./correlation";
export { describe } from "./describe";
export { studentQuantile } from "./student";
