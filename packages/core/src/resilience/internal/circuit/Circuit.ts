/**
 * The state machine of one circuit, as pure functions: no clock, no randomness,
 * no effects. `CircuitBreaker` has one circuit for every key.
 *
 * Times are milliseconds of any one clock: the breaker's circuits use
 * `MonotonicClock`, and those that it hands out Unix time.
 *
 * | state | a call | success | failure | ignored, interrupted |
 * | --- | --- | --- | --- | --- |
 * | closed | permitted | ends the row of failures, enters the window | enters both; may open | no effect |
 * | open | rejected until its time, then the first probe | late: no effect | late: no effect | no effect |
 * | half-open | permitted up to the number of permits | enough of them close | opens again | returns its permit |
 * | isolated | rejected | no effect | no effect | no effect |
 * | forced closed | permitted | no effect | no effect | no effect |
 *
 * @since 0.1.0
 */
import * as CircuitWindow from "./CircuitWindow.ts"

/**
 * When a circuit opens and closes.
 *
 * @category options
 * @since 0.1.0
 */
export interface Policy {
  /** Opens after this many failures in a row; disabled if absent. */
  readonly consecutiveFailures?: number | undefined
  /** Opens when at least this fraction of the calls in the window failed, 0 to 1. */
  readonly failureRate?: number | undefined
  /** Opens when at least this fraction of the calls in the window was slow, 0 to 1. */
  readonly slowRate?: number | undefined
  /** The calls over which rates are computed. */
  readonly window: CircuitWindow.Window
  /** Calls that must be in the window before a rate counts. */
  readonly minimumCalls: number
  /** Probes at the same time while half-open. */
  readonly halfOpenPermits: number
  /** Successful probes that close the circuit. */
  readonly halfOpenSuccesses: number
  /**
   * Milliseconds after which a probe without an outcome loses its permit to the next, so that it cannot block the
   * circuit. A later outcome still counts: if responses always take longer, no other could ever close it.
   */
  readonly probeTimeoutMillis: number
}

/**
 * The permission for one call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** The circuit's epoch that gave the permit; outcomes of an earlier epoch have no effect. */
  readonly epoch: number
  /** Number of the probe; 0 for an ordinary call. */
  readonly probeId: number
}

/**
 * The outcome of a call for its circuit.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "success" | "failure" | "slow" | "ignored"

/**
 * A call that tests whether the host has recovered.
 *
 * @category models
 * @since 0.1.0
 */
export interface Probe {
  readonly id: number
  /** Milliseconds. */
  readonly startedAt: number
}

/**
 * A circuit. `epoch` counts its changes of state.
 *
 * @category models
 * @since 0.1.0
 */
export type Circuit =
  | {
      readonly _tag: "Closed"
      readonly epoch: number
      readonly consecutiveFailures: number
      readonly windowState: CircuitWindow.WindowState
    }
  | {
      readonly _tag: "Open"
      readonly epoch: number
      /** The time in milliseconds from which the first probe is permitted. */
      readonly until: number
    }
  | {
      readonly _tag: "HalfOpen"
      readonly epoch: number
      readonly successes: number
      readonly lastProbeId: number
      /** Probes that hold a permit. */
      readonly probes: ReadonlyArray<Probe>
      /** Probes that have lost their permit and have no outcome yet. */
      readonly expiredProbes: ReadonlyArray<Probe>
    }
  | { readonly _tag: "Isolated"; readonly epoch: number }
  | { readonly _tag: "ForcedClosed"; readonly epoch: number }

/**
 * A circuit in its initial state.
 *
 * @category constructors
 * @since 0.1.0
 */
export const closed = (policy: Policy, epoch = 0): Circuit => ({
  _tag: "Closed",
  epoch,
  consecutiveFailures: 0,
  windowState: CircuitWindow.empty(policy.window)
})

/**
 * Opens the circuit until a time in milliseconds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const open = (circuit: Circuit, until: number): Circuit => ({ _tag: "Open", epoch: circuit.epoch + 1, until })

/**
 * The permit of a call, or the milliseconds to wait, which are absent if not
 * known.
 *
 * @category models
 * @since 0.1.0
 */
export type AcquireResult =
  | { readonly circuit: Circuit; readonly permit: Permit }
  | { readonly circuit: Rejecting; readonly permit: undefined; readonly retryAfter: number | undefined }

type Rejecting = Exclude<Circuit, { readonly _tag: "Closed" | "ForcedClosed" }>

type HalfOpen = Extract<Circuit, { readonly _tag: "HalfOpen" }>

const startProbe = (circuit: HalfOpen, now: number): AcquireResult => {
  const id = circuit.lastProbeId + 1
  return {
    circuit: { ...circuit, lastProbeId: id, probes: [...circuit.probes, { id, startedAt: now }] },
    permit: { epoch: circuit.epoch, probeId: id }
  }
}

/**
 * Acquires the permit for a call.
 *
 * @category combinators
 * @since 0.1.0
 */
export const acquire = (circuit: Circuit, policy: Policy, now: number): AcquireResult => {
  switch (circuit._tag) {
    case "Closed":
    case "ForcedClosed":
      return { circuit, permit: { epoch: circuit.epoch, probeId: 0 } }
    case "Isolated":
      return { circuit, permit: undefined, retryAfter: undefined }
    case "Open": {
      if (now < circuit.until) return { circuit, permit: undefined, retryAfter: circuit.until - now }
      const epoch = circuit.epoch + 1
      return startProbe({ _tag: "HalfOpen", epoch, successes: 0, lastProbeId: 0, probes: [], expiredProbes: [] }, now)
    }
    case "HalfOpen": {
      const isLate = ({ startedAt }: Probe) => now - startedAt >= policy.probeTimeoutMillis
      const probes = circuit.probes.filter((probe) => !isLate(probe))
      const current =
        probes.length === circuit.probes.length
          ? circuit
          : { ...circuit, probes, expiredProbes: [...circuit.expiredProbes, ...circuit.probes.filter(isLate)] }
      if (probes.length < policy.halfOpenPermits) return startProbe(current, now)
      return { circuit: current, permit: undefined, retryAfter: undefined }
    }
  }
}

/** Compares a quotient, since a product rounds past the threshold: 100 times 0.55 is more than 55. */
const isThresholdReached = (part: number, whole: number, threshold: number | undefined): boolean =>
  threshold !== undefined && part / whole >= threshold && part > 0

const shouldOpen = (
  policy: Policy,
  consecutiveFailures: number,
  windowState: CircuitWindow.WindowState,
  now: number
): boolean => {
  if (policy.consecutiveFailures !== undefined && consecutiveFailures >= policy.consecutiveFailures) return true
  const { calls, failures, slow } = CircuitWindow.count(windowState, policy.window, now)
  return (
    calls >= policy.minimumCalls &&
    (isThresholdReached(failures, calls, policy.failureRate) || isThresholdReached(slow, calls, policy.slowRate))
  )
}

type Closed = Extract<Circuit, { readonly _tag: "Closed" }>

const recordClosed = (circuit: Closed, policy: Policy, outcome: Outcome, now: number, openUntil: number): Circuit => {
  if (outcome === "ignored") return circuit
  const isFailure = outcome === "failure"
  const consecutiveFailures = isFailure ? circuit.consecutiveFailures + 1 : 0
  const result = { isFailure, isSlow: outcome === "slow" }
  const windowState = CircuitWindow.add(circuit.windowState, policy.window, result, now)
  const next: Closed = { _tag: "Closed", epoch: circuit.epoch, consecutiveFailures, windowState }
  return shouldOpen(policy, consecutiveFailures, windowState, now) ? open(next, openUntil) : next
}

const recordProbe = (
  circuit: HalfOpen,
  policy: Policy,
  probeId: number,
  outcome: Outcome,
  openUntil: number
): Circuit => {
  const isOther = ({ id }: Probe) => id !== probeId
  if (circuit.probes.every(isOther) && circuit.expiredProbes.every(isOther)) return circuit
  if (outcome === "failure" || outcome === "slow") return open(circuit, openUntil)
  const successes = outcome === "success" ? circuit.successes + 1 : circuit.successes
  if (successes >= policy.halfOpenSuccesses) return closed(policy, circuit.epoch + 1)
  return {
    ...circuit,
    probes: circuit.probes.filter(isOther),
    expiredProbes: circuit.expiredProbes.filter(isOther),
    successes
  }
}

/**
 * Records the outcome of a call. `openUntil` is when a circuit that opens now
 * may be probed.
 *
 * A slow success counts only in the rate of slow calls; a slow probe is a
 * failed one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const record = (
  circuit: Circuit,
  policy: Policy,
  permit: Permit,
  outcome: Outcome,
  now: number,
  openUntil: number
): Circuit => {
  if (permit.epoch !== circuit.epoch) return circuit
  if (circuit._tag === "Closed") return recordClosed(circuit, policy, outcome, now, openUntil)
  if (circuit._tag === "HalfOpen") return recordProbe(circuit, policy, permit.probeId, outcome, openUntil)
  return circuit
}
