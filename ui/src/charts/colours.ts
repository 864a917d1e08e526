import { hueOf } from "@/components/AppName";

/** An app's hue where it fills an area: lighter on a dark ground, to stand out as much. */
export function fillOf(app: string | null): string {
  const hue = hueOf(app);
  return `light-dark(${hue}, color-mix(in oklab, ${hue} 62%, white))`;
}
