import type { MemoryDetail } from "@/api/queries/memory";
import { Chip, type Tone } from "@/components/Chip";
import { CopyButton } from "@/components/CopyButton";
import { count, t } from "@/i18n/t";
import { Fact } from "@/pages/memories/panel/Facts";

type Index = MemoryDetail["technical"]["index"];

const TONES: Record<Index, Tone> = { "in sync": "good", pending: "warn", failed: "bad" };

/** How a memory is held: for who looks for a fault. */
export default function Technical({ memory }: { memory: MemoryDetail }) {
  const { technical } = memory;
  return (
    <dl className="grid grid-cols-[9rem_minmax(0,1fr)] items-center gap-y-1.5 text-sm">
      <Fact name={t("memory.technical.id")}>
        <span className="flex items-center gap-1">
          <span className="min-w-0 font-mono text-xs">{memory.id}</span>
          <CopyButton text={memory.id} label={t("memory.copyId", { id: memory.id })} />
        </span>
      </Fact>
      {memory.short_id && <Fact name={t("memory.technical.shortId")}>{memory.short_id}</Fact>}
      <Fact name={t("memory.technical.version")}>{count(memory.version)}</Fact>
      <Fact name={t("memory.technical.textVersion")}>{count(technical.text_version)}</Fact>
      <Fact name={t("memory.technical.index")}>
        <Chip tone={TONES[technical.index]}>{t(`memory.technical.status.${technical.index}`)}</Chip>
      </Fact>
      <Fact name={t("memory.technical.embedder")}>{technical.embedder}</Fact>
      <Fact name={t("memory.technical.dimensions")}>{count(technical.dimensions)}</Fact>
      <Fact name={t("memory.technical.embedded")}>
        {technical.embedded_with ?? t("memory.technical.notYet")}
      </Fact>
      {memory.surface && <Fact name={t("memory.technical.surface")}>{memory.surface}</Fact>}
      {memory.user_id && (
        <Fact name={t("memory.technical.user")}>
          <bdi>{memory.user_id}</bdi>
        </Fact>
      )}
    </dl>
  );
}
