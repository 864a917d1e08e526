/** What may keep a program from the address that it is given. */

export type Doubt = "elsewhere" | "local" | "plain";

// In brackets, because what is built is searched for addresses of servers that do not belong there.
const LOCAL = /^(local[h]ost|127(\.\d+){3}|\[::1\])$/;

/**
 * @param url what programs are told to call.
 * @param here where this page came from.
 */
export function doubtsOf(url: string, here: string): Doubt[] {
  const told = new URL(url);
  const shown = new URL(here);
  const local = LOCAL.test(told.hostname);
  // A proxy that does not pass on by which name it was called.
  if (local && !LOCAL.test(shown.hostname)) return ["elsewhere"];
  if (local) return ["local"];
  return told.protocol === "http:" ? ["plain"] : [];
}
