export const memories = { title: "Memories" } as const;
