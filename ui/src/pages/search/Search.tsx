/** Why did it match: a search as oneself or as any app, with what put each result in its place. */

import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { searchQuery } from "@/api/queries/search";
import { Answer, Lines } from "@/components/Answer";
import { Page } from "@/components/Page";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";
import { type Address, bodyOf, SIGNALS } from "@/pages/search/address";
import { Controls } from "@/pages/search/Controls";
import { CopyAs } from "@/pages/search/CopyAs";
import { QueryBox } from "@/pages/search/QueryBox";
import { Results } from "@/pages/search/Results";
import { Start } from "@/pages/search/Start";
import { Timing } from "@/pages/search/Timing";
import { useSearchAddress } from "@/pages/search/useSearchAddress";
import { WhyNot } from "@/pages/search/WhyNot";

export default function Search() {
  const [address, change] = useSearchAddress();
  const box = useRef<HTMLInputElement>(null);
  const why = useRef<HTMLInputElement>(null);
  const wanted = bodyOf(address);
  const found = useQuery(searchQuery(wanted));
  const flip = (name: string) => change({ off: flipped(address.off, name) });

  useShortcuts("page", [
    { keys: "/", label: t("search.focus"), run: () => box.current?.select() },
    { keys: "w", label: t("search.askWhyNot"), run: () => why.current?.focus() },
    ...SIGNALS.map((name, place) => ({
      keys: `Alt+${place + 1}`,
      label: t("search.toggle", { signal: t(`search.signal.${name}`) }),
      run: () => flip(name),
    })),
  ]);

  const started = wanted.query !== "";
  return (
    <Page title={t("search.title")}>
      <QueryBox ref={box} query={address.q} onSearch={(q) => change({ q }, { replace: false })} />
      <Controls address={address} onChange={change} onFlip={flip} />
      {started ? (
        <div className="grid items-start gap-6 xl:grid-cols-[minmax(0,1fr)_20rem]">
          <div className="min-w-0">
            <Answer query={found} skeleton={<Lines n={8} className="h-16" />}>
              {(answer) => (
                <Results
                  answer={answer}
                  old={found.isPlaceholderData}
                  address={address}
                  onChange={change}
                />
              )}
            </Answer>
          </div>
          <aside className="grid min-w-0 grid-cols-1 gap-4" aria-label={t("search.askWhyNot")}>
            <WhyNot ref={why} address={address} onChange={change} />
            {found.data && <Timing stages={found.data.timing} />}
            <CopyAs address={address} />
          </aside>
        </div>
      ) : (
        <Start onSearch={(q) => change({ q }, { replace: false })} />
      )}
    </Page>
  );
}

function flipped(off: Address["off"], name: string): string[] {
  return off.includes(name) ? off.filter((each) => each !== name) : [...off, name];
}
