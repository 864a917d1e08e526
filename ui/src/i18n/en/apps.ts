export const apps = { title: "Apps" } as const;
