/** Which memories were saved here and at which version, to tell when agents find them so. */

interface Saved {
  version: number;
  changed: boolean;
}

const saved = new Map<string, Saved>();

export const noteSaved = (id: string, what: Saved): void => void saved.set(id, what);
export const savedOf = (id: string): Saved | undefined => saved.get(id);
