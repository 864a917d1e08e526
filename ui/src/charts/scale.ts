/** The upright scale of a chart that begins at nothing: round steps, and where a value stands. */

export interface Scale {
  ticks: number[];
  at: (value: number) => number;
}

/** About `wanted` steps of 1, 2 or 5 (times a power of ten) from nothing to `most` or just above. */
export function scaleOf(most: number, wanted: number, bottom: number, top: number): Scale {
  const step = roundStep(most / wanted);
  const steps = Math.max(1, Math.ceil(most / step));
  return {
    ticks: Array.from({ length: steps + 1 }, (_, place) => place * step),
    at: (value) => bottom + (value / (steps * step)) * (top - bottom),
  };
}

/** Never less than one: memories are counted whole. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  return power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
}
