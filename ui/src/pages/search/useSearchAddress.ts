import { type Address, cleaned, DEFAULTS } from "@/pages/search/address";
import { useAddress } from "@/shell/search";

export type Change = (next: Partial<Address>, how?: { replace?: boolean }) => void;

export function useSearchAddress(): readonly [Address, Change] {
  const [given, change] = useAddress(DEFAULTS);
  return [cleaned(given), change];
}
