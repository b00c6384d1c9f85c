/** The start of a simulated time that has none. */
export const defaultStart = Date.parse("2026-11-23T00:00:00Z")
