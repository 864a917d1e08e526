import type { Hues } from "@/components/hues";

const STRENGTHS = [100, 68, 45] as const;

/** The apps' hues where they fill areas: lighter on a dark ground, to stand out as much. Of two apps
 * that share a hue, the second gets a weaker tone of it. */
export function fillsOf(apps: readonly (string | null)[], hueOf: Hues): string[] {
  const seen = new Map<string, number>();
  return apps.map((app) => {
    const hue = hueOf(app);
    const nth = seen.get(hue) ?? 0;
    seen.set(hue, nth + 1);
    return fill(hue, STRENGTHS[Math.min(nth, STRENGTHS.length - 1)] ?? 100);
  });
}

function fill(hue: string, strength: number): string {
  const light = `color-mix(in oklab, ${hue} ${strength}%, white)`;
  const dark = `color-mix(in oklab, color-mix(in oklab, ${hue} 62%, white) ${strength}%, black)`;
  return `light-dark(${light}, ${dark})`;
}
