/**
 * The result of a simulation, as plain data. The same scenario and seed
 * produce the same report, byte for byte.
 *
 * Times are whole milliseconds; moments are relative to the start of the
 * simulation. Ratios are from 0 to 1, rounded to six places. Costs are exact.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export interface TagCount {
  /** `Success` or the tag of an error. */
  readonly tag: string
  readonly count: number
}

/**
 * The outcomes of a set of calls.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outcomes {
  readonly calls: number
  readonly succeeded: number
  /** 1 when there are no calls. */
  readonly successRate: number
  /** Most frequent first. */
  readonly byTag: ReadonlyArray<TagCount>
}

/**
 * Percentiles by nearest rank. All are 0 when `count` is 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/**
 * A period of the fault script.
 *
 * @category models
 * @since 0.1.0
 */
export interface FaultPeriod {
  readonly kind: "Outage" | "BrownOut" | "RateLimitStorm" | "SlowPeriod" | "BadConnections"
  readonly from: number
  readonly to: number
}

/**
 * The reaction of one circuit to one outage.
 *
 * @category models
 * @since 0.1.0
 */
export interface CircuitOutage {
  readonly from: number
  readonly to: number
  /** Key of the circuit: host and model. */
  readonly key: string
  /** Attempts that reached the host before the circuit opened. */
  readonly attemptsBefore: number
  /** From the start of the outage to the opening. 0 when the circuit was already open, absent when it never opened. */
  readonly openedAfter?: number
  /** Attempts that reached the host during the outage after the circuit opened. */
  readonly attemptsAfter: number
}

/**
 * A period in which a circuit was open or half-open.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenPeriod {
  readonly key: string
  readonly from: number
  readonly to: number
}

/**
 * A limit and its peak usage, as counted by the host.
 *
 * @category models
 * @since 0.1.0
 */
export interface LimitUsage {
  readonly name: "concurrency" | "requests per minute" | "tokens per minute" | "tokens per day"
  /** Absent when the host has no such limit. */
  readonly limit?: number
  readonly peak: number
}

/**
 * One of the equal parts of the simulated time. Calls are counted by their
 * arrival, attempts by their start.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bucket {
  readonly from: number
  readonly calls: number
  readonly succeeded: number
  readonly attempts: number
  readonly rateLimited: number
  readonly firstToken: Percentiles
  readonly total: Percentiles
  readonly admissionWait: Percentiles
  /** Exact decimal. `0` when the price is unknown. */
  readonly cost: string
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly seed: string
  /** ISO 8601. */
  readonly start: string
  readonly duration: number
  /** The stages of the client, as returned by `describe`. */
  readonly stages: string
  readonly faults: ReadonlyArray<FaultPeriod>
  readonly calls: Outcomes
  /** Calls that do not overlap with an outage. */
  readonly outsideOutages: Outcomes
  readonly attempts: {
    readonly count: number
    /** `Interrupted` when the client disconnected. */
    readonly byTag: ReadonlyArray<TagCount>
  }
  /** Rejections for the account's limits: 429s other than for overload or quota. */
  readonly rateLimited: {
    readonly count: number
    /** Those outside the periods of faults. */
    readonly inSteadyState: number
  }
  /** From the arrival of a stream to its first content. */
  readonly firstToken: Percentiles
  /** From the arrival of a call to the end of its response, for calls that succeeded. */
  readonly total: Percentiles
  /** From the arrival of a call to its first attempt at the host, for calls with an attempt. */
  readonly admissionWait: Percentiles & {
    /** Number of calls that waited. */
    readonly waited: number
  }
  readonly breaker: {
    /** Number of transitions from closed to open. */
    readonly openings: number
    readonly openPeriods: ReadonlyArray<OpenPeriod>
    readonly outages: ReadonlyArray<CircuitOutage>
  }
  readonly cost: {
    /** Absent when the price is unknown. */
    readonly currency?: "USD" | "CNY"
    /** Exact decimal. */
    readonly total: string
    /** The part of the total for attempts that failed or were interrupted. */
    readonly wasted: string
  }
  readonly limitUsage: ReadonlyArray<LimitUsage>
  readonly buckets: ReadonlyArray<Bucket>
}
