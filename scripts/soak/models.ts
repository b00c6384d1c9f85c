/** The model of the client, and that of its fallback. */
export const models = ["kimi-k3", "kimi-k2.6"] as const
