import { Search } from "lucide-react";
import { type FormEvent, type Ref, useEffect, useState } from "react";
import { Button } from "@/components/Button";
import { Input } from "@/components/Field";
import { t } from "@/i18n/t";

interface Props {
  ref: Ref<HTMLInputElement>;
  query: string;
  onSearch: (query: string) => void;
}

/** The query, sent with Enter: each search is a line in the log, so not with each letter. */
export function QueryBox({ ref, query, onSearch }: Props) {
  const [typed, setTyped] = useState(query);
  useEffect(() => setTyped(query), [query]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(typed.trim());
  };
  return (
    <search>
      <form onSubmit={submit} className="mb-3 flex gap-2">
        <Input
          ref={ref}
          type="search"
          dir="auto"
          maxLength={10_000}
          aria-label={t("search.query")}
          placeholder={t("search.placeholder")}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className="min-h-11 text-base"
        />
        <Button type="submit" look="primary" icon={Search} className="min-h-11">
          <span className="max-md:sr-only">{t("search.run")}</span>
        </Button>
      </form>
    </search>
  );
}
