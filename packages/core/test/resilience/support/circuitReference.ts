/**
 * A simple circuit breaker: it keeps everything, and computes every
 * result from the list of all calls and the list of all probes.
 */

export type Outcome = "success" | "failure" | "slow" | "ignored"

/** Rates are whole percentages, so that nothing is rounded. */
export interface Rules {
  readonly consecutiveFailures: number | undefined
  readonly failurePercent: number | undefined
  readonly slowPercent: number | undefined
  readonly window:
    | { readonly _tag: "Count"; readonly size: number }
    | { readonly _tag: "Time"; readonly millis: number }
  readonly minimumCalls: number
  readonly halfOpenPermits: number
  readonly halfOpenSuccesses: number
  readonly probeTimeoutMillis: number
}

interface Call {
  readonly life: number
  readonly outcome: Outcome
  readonly slot: number
  isForgotten: boolean
}

interface Probe {
  readonly life: number
  readonly number: number
  readonly startedAt: number
  /** Whether another probe may replace it. */
  isGivenUp: boolean
  end: Outcome | undefined
}

/** The index of the tenth of a window in which a time lies, in integers. */
const slotAt = (now: number, millis: number): number => (now * 10 - ((now * 10) % millis)) / millis

export const makeReference = (rules: Rules) => {
  const calls: Array<Call> = []
  const probes: Array<Probe> = []
  let state: "Closed" | "Open" | "HalfOpen" = "Closed"
  let life = 0
  let openUntil = 0

  const begin = (next: typeof state) => {
    state = next
    life = life + 1
  }

  const open = (until: number) => {
    begin("Open")
    openUntil = until
  }

  const runOfFailures = (): number => {
    const ofThisLife = calls.filter((call) => call.life === life)
    let run = 0
    for (const call of ofThisLife) run = call.outcome === "failure" ? run + 1 : 0
    return run
  }

  /** The calls of this epoch that are in the window. */
  const inWindow = (): ReadonlyArray<Call> => {
    const ofThisLife = calls.filter((call) => call.life === life && !call.isForgotten)
    if (rules.window._tag === "Time") return ofThisLife
    const { size } = rules.window
    return ofThisLife.filter((_, index) => index >= ofThisLife.length - size)
  }

  /** Drops what is ten slots away; a call is added to the slot of its time, but never before an existing one. */
  const slotToEnter = (now: number): number => {
    if (rules.window._tag === "Count") return 0
    const slot = slotAt(now, rules.window.millis)
    for (const call of calls) if (call.slot <= slot - 10 || call.slot >= slot + 10) call.isForgotten = true
    return Math.max(slot, ...inWindow().map((call) => call.slot))
  }

  const reaches = (part: number, whole: number, percent: number | undefined): boolean =>
    percent !== undefined && part > 0 && part * 100 >= percent * whole

  const reasonToOpen = (): "run" | "failures" | "slowness" | undefined => {
    if (rules.consecutiveFailures !== undefined && runOfFailures() >= rules.consecutiveFailures) return "run"
    const seen = inWindow()
    if (seen.length < rules.minimumCalls) return undefined
    const failures = seen.filter((call) => call.outcome === "failure").length
    if (reaches(failures, seen.length, rules.failurePercent)) return "failures"
    const slow = seen.filter((call) => call.outcome === "slow").length
    return reaches(slow, seen.length, rules.slowPercent) ? "slowness" : undefined
  }

  const probesOut = () => probes.filter((probe) => probe.life === life && probe.end === undefined && !probe.isGivenUp)

  const acquire = (now: number) => {
    if (state === "Closed") return { permit: { epoch: life, probeId: 0 }, retryAfter: undefined }
    if (state === "Open") {
      if (now < openUntil) return { permit: undefined, retryAfter: openUntil - now }
      begin("HalfOpen")
    }
    for (const probe of probesOut()) if (now - probe.startedAt >= rules.probeTimeoutMillis) probe.isGivenUp = true
    if (probesOut().length >= rules.halfOpenPermits) return { permit: undefined, retryAfter: undefined }
    const number = probes.filter((probe) => probe.life === life).length + 1
    probes.push({ life, number, startedAt: now, isGivenUp: false, end: undefined })
    return { permit: { epoch: life, probeId: number }, retryAfter: undefined }
  }

  /** Records the outcome of a call, and returns its effect for the test to count. */
  const settle = (
    permit: { readonly epoch: number; readonly probeId: number },
    outcome: Outcome,
    now: number,
    until: number
  ): string => {
    if (permit.epoch !== life) return "late"
    if (state === "Closed") {
      if (outcome === "ignored") return "ignored"
      calls.push({ life, outcome, slot: slotToEnter(now), isForgotten: false })
      const reason = reasonToOpen()
      if (reason === undefined) return "counted"
      open(until)
      return `opened by ${reason}`
    }
    const probe = probes.find(({ life, number }) => life === permit.epoch && number === permit.probeId)
    if (probe === undefined || probe.end !== undefined) return "nothing to settle"
    probe.end = outcome
    if (outcome === "failure" || outcome === "slow") {
      open(until)
      return "opened by a probe"
    }
    const good = probes.filter(({ end, life }) => life === permit.epoch && end === "success").length
    if (outcome === "ignored" || good < rules.halfOpenSuccesses) return `${outcome} probe`
    begin("Closed")
    return probe.isGivenUp ? "closed by a late probe" : "closed"
  }

  return { acquire, settle, open, tag: () => state, probesOut: () => probesOut().length }
}
