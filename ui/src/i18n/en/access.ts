export const access = {
  title: "Access",
  verdict: {
    read: { yes: "May read", no: "May not read" },
    write: { yes: "May change", no: "May not change" },
  },
  decidedBy: "Decided by",
  baseIs: "Base: {base}",
  ruleIs: "Rule: {rule}",
  moreRules: { one: "and {n} more rule", other: "and {n} more rules" },
  base: {
    read: {
      everything: "reads everything",
      own: "reads what it wrote",
      nothing: "reads nothing",
    },
    write: {
      everything: "changes everything",
      own: "changes what it wrote",
      nothing: "adds and changes nothing",
    },
  },
  rule: {
    allow: { read: "may read {subject}", write: "may change {subject}" },
    deny: { read: "may not read {subject}", write: "may not change {subject}" },
  },
  subject: {
    everything: "everything",
    app: "what {value} wrote",
    category: "the category “{value}”",
    tag: "the tag “{value}”",
    memory: "memory {value}",
  },
} as const;
