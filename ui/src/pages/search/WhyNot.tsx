import { useQuery } from "@tanstack/react-query";
import { type Ref, useDeferredValue, useEffect, useState } from "react";
import { pickQuery, whyNotQuery } from "@/api/queries/search";
import { Answer } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Field";
import { Section } from "@/components/Page";
import { t } from "@/i18n/t";
import { type Address, bodyOf, memoryIn } from "@/pages/search/address";
import type { Change } from "@/pages/search/useSearchAddress";
import { WhyAnswer } from "@/pages/search/WhyAnswer";

interface Props {
  ref: Ref<HTMLInputElement>;
  address: Address;
  onChange: Change;
}

/** For a memory that one expected: which stage of the search dropped it. */
export function WhyNot({ ref, address, onChange }: Props) {
  const [typed, setTyped] = useState(address.why);
  const { why } = address;
  // Going back changes the address under what is typed; words that name no memory stay.
  useEffect(() => setTyped((old) => ((memoryIn(old) ?? "") === why ? old : why)), [why]);
  const wanted = bodyOf(address);
  const reason = useQuery(whyNotQuery(wanted, why));
  const pick = (memory: string) => {
    setTyped(memory);
    onChange({ why: memory });
  };
  const type = (text: string) => {
    setTyped(text);
    onChange({ why: memoryIn(text) ?? "" });
  };
  return (
    <Section title={t("search.why.title")}>
      <p className="mb-3 text-soft">{t("search.why.text")}</p>
      <Field label={t("search.why.label")} hint={t("search.why.hint")}>
        {(box) => (
          <Input
            {...box}
            ref={ref}
            dir="auto"
            autoComplete="off"
            maxLength={500}
            value={typed}
            onChange={(event) => type(event.target.value)}
          />
        )}
      </Field>
      <div role="status" className="mt-3 grid grid-cols-1 gap-2">
        {why ? (
          <Answer query={reason} skeleton={null}>
            {(found) => (
              <WhyAnswer found={found} memory={why} address={address} onChange={onChange} />
            )}
          </Answer>
        ) : (
          <Picks text={typed.trim()} onPick={pick} />
        )}
      </div>
    </Section>
  );
}

/** Memories that hold what was typed. */
function Picks({ text, onPick }: { text: string; onPick: (memory: string) => void }) {
  const sought = useDeferredValue(text.length > 1 ? text : "");
  const { data } = useQuery(pickQuery(sought));
  if (sought === "" || data === undefined) return null;
  if (data.items.length === 0) return <p className="text-soft">{t("search.why.noPick")}</p>;
  return data.items.map((item) => (
    <Button
      key={item.id}
      aria-label={t("search.why.pick", { text: item.text.slice(0, 60) })}
      className="min-w-0 justify-start text-start"
      onClick={() => onPick(item.short_id ?? item.id)}
    >
      <bdi className="truncate">{item.text}</bdi>
    </Button>
  ));
}
