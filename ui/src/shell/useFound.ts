import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { appsQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { memoryQuery } from "@/api/queries/memory";
import { pickQuery } from "@/api/queries/search";
import { type Found, idIn } from "@/shell/jumping";

const TYPING_MS = 200;

/** What the server has for some words, as far as this caller may ask for it. */
export function useFound(words: string): Found {
  const { data: me } = useQuery(meQuery);
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(words), TYPING_MS);
    return () => clearTimeout(timer);
  }, [words]);
  const mayRead = me?.can.read === true;
  const mayList = me?.can.manage === true;
  const id = idIn(asked);
  const picked = useQuery({ ...pickQuery(asked), enabled: mayRead && asked !== "" });
  const named = useQuery({ ...memoryQuery(id ?? ""), enabled: mayRead && id !== null });
  const listed = useQuery({ ...appsQuery(), enabled: mayList });
  // What other words found may stay while one types on, if it holds these, too.
  const fresh = asked === words && !picked.isPlaceholderData;
  const holds = ({ text }: { text: string }) => text.toLowerCase().includes(words.toLowerCase());
  const memories = (words !== "" && mayRead && picked.data?.items) || [];
  return {
    named: id !== null && id === idIn(words) ? named.data : undefined,
    memories: fresh ? memories : memories.filter(holds),
    apps: (mayList && listed.data?.apps) || [],
  };
}
