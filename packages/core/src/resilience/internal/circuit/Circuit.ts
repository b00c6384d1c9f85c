/**
 * The state machine of one circuit, as pure functions: no clock, no chance, no
 * effects. `CircuitBreaker` keeps one of these for every key.
 *
 * | state | a call | success | failure | ignored, interrupted |
 * | --- | --- | --- | --- | --- |
 * | closed | permitted | ends the run, enters the window | enters both; may open | nothing |
 * | open | rejected until its time, then the first probe | late: nothing | late: nothing | nothing |
 * | half-open | as many as there are permits | enough of them close | opens again | gives its permit back |
 * | isolated | rejected | nothing | nothing | nothing |
 * | forced closed | permitted | nothing | nothing | nothing |
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
  /** Opens after this many failures in a row; never for that reason when absent. */
  readonly consecutiveFailures?: number | undefined
  /** Opens when at least this part of the calls in the window failed, 0 to 1. */
  readonly failureRate?: number | undefined
  /** Opens when at least this part of the calls in the window was slow, 0 to 1. */
  readonly slowRate?: number | undefined
  /** The calls over which rates are taken. */
  readonly window: CircuitWindow.Window
  /** Calls that must be in the window before a rate counts. */
  readonly minimumCalls: number
  /** Probes at the same time while half-open. */
  readonly halfOpenPermits: number
  /** Successful probes that close the circuit. */
  readonly halfOpenSuccesses: number
  /**
   * Milliseconds after which a probe that says nothing loses its permit to the next, so that it cannot block the
   * circuit. What it says after that still counts: where answers take longer, no other could ever close it.
   */
  readonly probeTimeoutMillis: number
}

/**
 * The right to make one call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** The circuit's life that gave the permit; results of an earlier life say nothing. */
  readonly epoch: number
  /** Number of the probe; 0 for an ordinary call. */
  readonly probeId: number
}

/**
 * How a call ended, as the circuit sees it.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "success" | "failure" | "slow" | "ignored"

/**
 * A call that finds out whether the host is back.
 *
 * @category models
 * @since 0.1.0
 */
interface Probe {
  readonly id: number
  /** Unix milliseconds. */
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
      /** Unix milliseconds at which the first probe may go. */
      readonly until: number
    }
  | {
      readonly _tag: "HalfOpen"
      readonly epoch: number
      readonly successes: number
      readonly lastProbeId: number
      /** Probes that hold a permit. */
      readonly probes: ReadonlyArray<Probe>
      /** Probes that have lost theirs, and have said nothing yet. */
      readonly expiredProbes: ReadonlyArray<Probe>
    }
  | { readonly _tag: "Isolated"; readonly epoch: number }
  | { readonly _tag: "ForcedClosed"; readonly epoch: number }

/**
 * A circuit at its beginning.
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
 * The circuit opened, until a time in Unix milliseconds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const open = (circuit: Circuit, until: number): Circuit => ({ _tag: "Open", epoch: circuit.epoch + 1, until })

/**
 * What asking for a permit gives: the permit, or how many milliseconds to wait.
 * The wait is absent when nobody can say.
 *
 * @category models
 * @since 0.1.0
 */
export type AcquireResult =
  | { readonly circuit: Circuit; readonly permit: Permit }
  | { readonly circuit: Circuit; readonly permit: undefined; readonly retryAfter: number | undefined }

const startProbe = (circuit: Extract<Circuit, { _tag: "HalfOpen" }>, now: number): AcquireResult => {
  const number = circuit.lastProbeId + 1
  return {
    circuit: { ...circuit, lastProbeId: number, probes: [...circuit.probes, { id: number, startedAt: now }] },
    permit: { epoch: circuit.epoch, probeId: number }
  }
}

/**
 * Asks for the right to make a call.
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

/** A quotient, since a product rounds past the threshold: 55 of 100 is less than 100 times 0.55. */
const isThresholdReached = (part: number, whole: number, threshold: number | undefined): boolean =>
  threshold !== undefined && part / whole >= threshold && part > 0

const shouldOpen = (policy: Policy, run: number, memory: CircuitWindow.WindowState, now: number): boolean => {
  if (policy.consecutiveFailures !== undefined && run >= policy.consecutiveFailures) return true
  const { calls, failures, slow } = CircuitWindow.count(memory, policy.window, now)
  return (
    calls >= policy.minimumCalls &&
    (isThresholdReached(failures, calls, policy.failureRate) || isThresholdReached(slow, calls, policy.slowRate))
  )
}

/**
 * Tells a circuit how a call ended. `openUntil` is when a circuit that opens
 * now may be probed.
 *
 * A slow success counts against the rate of slow calls only; a slow probe is a
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
  if (circuit._tag === "Closed") {
    if (outcome === "ignored") return circuit
    const isFailure = outcome === "failure"
    const run = isFailure ? circuit.consecutiveFailures + 1 : 0
    const memory = CircuitWindow.add(circuit.windowState, policy.window, { isFailure, isSlow: outcome === "slow" }, now)
    const next: Circuit = { _tag: "Closed", epoch: circuit.epoch, consecutiveFailures: run, windowState: memory }
    return shouldOpen(policy, run, memory, now) ? open(next, openUntil) : next
  }
  if (circuit._tag !== "HalfOpen") return circuit
  const isOther = ({ id: probe }: Probe) => probe !== permit.probeId
  if (circuit.probes.every(isOther) && circuit.expiredProbes.every(isOther)) return circuit
  const probes = circuit.probes.filter(isOther)
  const late = circuit.expiredProbes.filter(isOther)
  switch (outcome) {
    case "ignored":
      return { ...circuit, probes, expiredProbes: late }
    case "failure":
    case "slow":
      return open(circuit, openUntil)
    case "success": {
      const successes = circuit.successes + 1
      return successes >= policy.halfOpenSuccesses
        ? closed(policy, circuit.epoch + 1)
        : { ...circuit, probes, expiredProbes: late, successes }
    }
  }
}
