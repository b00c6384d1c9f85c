/**
 * The laws of calls, and what breaks them.
 *
 * @since 0.1.0
 */

/**
 * What holds after every schedule, by name.
 *
 * - `every call ends`: within its bound, without a defect.
 * - `time limits`: a deadline ends a call when it has passed and not before, as
 *   measured by the monotonic time; an interruption ends it at once.
 * - `complete responses`: a success is the whole response of the host; nothing
 *   follows it.
 * - `no splices`: a text comes from one attempt, or was visibly continued by the
 *   same host and model.
 * - `own responses`: no response of another tenant, prompt, model or host.
 * - `no forbidden repeats`: no attempt after an error that forbids it, or after
 *   content where recovery is off.
 * - `nothing in use`: permits, reservations, connections, flights and fibers are
 *   back to zero.
 * - `money`: what the hosts reported is what was recorded, what was recorded is
 *   what the budget spent, and no cap is exceeded.
 * - `account limits`: no host gets more than the limits of its account.
 * - `one probe`: a half-open circuit permits one attempt at a time.
 * - `refreshes`: a stale response is refreshed, and none is served after its time
 *   to live.
 *
 * @category constants
 * @since 0.1.0
 */
export const laws = [
  "every call ends",
  "time limits",
  "complete responses",
  "no splices",
  "own responses",
  "no forbidden repeats",
  "nothing in use",
  "money",
  "account limits",
  "one probe",
  "refreshes"
] as const

/**
 * The name of a law.
 *
 * @category models
 * @since 0.1.0
 */
export type Law = (typeof laws)[number]

/**
 * What a run has violated.
 *
 * @category models
 * @since 0.1.0
 */
export interface Violation {
  readonly law: Law
  /** What happened, with the index of the call or the number of the attempt. */
  readonly message: string
}
