import { Chip, type Tone } from "@/components/Chip";
import { t } from "@/i18n/t";

export type MemoryState = "active" | "paused" | "archived" | "trashed";

const TONES: Record<MemoryState, Tone> = {
  active: "good",
  paused: "warn",
  archived: "plain",
  trashed: "bad",
};

export function StateChip({ state }: { state: MemoryState }) {
  return <Chip tone={TONES[state]}>{t(`common.state.${state}`)}</Chip>;
}
