/** The bounds of the clients of a schedule, in milliseconds, on which its laws depend. */

export const admissionWait = 2_000

/** Of one attempt. */
export const totalTimeout = 5_000

/** Of a cached response. */
export const timeToLive = 5_000

export const staleAfter = 1_000

export const refreshCooldown = 500

/** The longest time of a call without a deadline: calls wait for attempts, circuits and admission several times. */
export const call = 600_000

/** The longest time that refreshes and releases may take after the last call. */
export const settling = 120_000
