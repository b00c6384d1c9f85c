/**
 * What came of a simulated day, as plain data. The same scenario and seed give
 * the same report, byte for byte.
 *
 * Times are whole milliseconds; moments count from the start of the
 * simulation. Shares are from 0 to 1, rounded to six places. Money is exact.
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
 * How a number of calls ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outcomes {
  readonly calls: number
  readonly succeeded: number
  /** 1 when there were no calls. */
  readonly successRate: number
  /** Most frequent first. */
  readonly byTag: ReadonlyArray<TagCount>
}

/**
 * Figures of a distribution, by nearest rank; all 0 when `count` is.
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
  readonly kind: "Outage" | "BrownOut" | "RateLimitStorm" | "SlowPeriod"
  readonly from: number
  readonly to: number
}

/**
 * How one circuit met one outage.
 *
 * @category models
 * @since 0.1.0
 */
export interface CircuitOutage {
  readonly from: number
  readonly to: number
  /** Host and model, as `Call.keyOf` names a circuit. */
  readonly key: string
  /** Attempts that reached the host before the circuit opened. */
  readonly attemptsBefore: number
  /** From the outage to the opening; 0 when it was open already, absent when it never opened. */
  readonly openedAfter?: number
  /** Attempts that reached the host during the outage after the circuit had opened. */
  readonly attemptsAfter: number
}

/**
 * A time in which a circuit was open or half-open.
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
 * What one limit allows and the most that was in use of it, by the host's own count.
 *
 * @category models
 * @since 0.1.0
 */
export interface LimitUsage {
  readonly name: "concurrency" | "requests per minute" | "tokens per minute" | "tokens per day"
  /** Absent when there is no such limit. */
  readonly limit?: number
  readonly peak: number
}

/**
 * One of the equal parts of the day. Calls count where they arrived, attempts
 * where they began.
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
  /** Exact decimal; `0` when the price is not known. */
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
  /** The stages of the client, as it describes them. */
  readonly stages: string
  readonly faults: ReadonlyArray<FaultPeriod>
  readonly calls: Outcomes
  /** Calls that no outage touched: none was going on from their arrival to their end. */
  readonly outsideOutages: Outcomes
  readonly attempts: {
    readonly count: number
    /** `Interrupted` when the client left. */
    readonly byTag: ReadonlyArray<TagCount>
  }
  /** Refusals for the account's limits: 429s that are neither overload nor an empty account. */
  readonly rateLimited: {
    readonly count: number
    /** Those at times when no fault was going on. */
    readonly inSteadyState: number
  }
  /** From a stream's arrival to its first content. */
  readonly firstToken: Percentiles
  /** From a call's arrival to the end of its answer, for calls that succeeded. */
  readonly total: Percentiles
  /** From a call's arrival to its first attempt at the host, for calls that reached it. */
  readonly admissionWait: Percentiles & {
    /** Calls that waited at all. */
    readonly waited: number
  }
  readonly breaker: {
    /** Times that a closed circuit opened. */
    readonly openings: number
    readonly openPeriods: ReadonlyArray<OpenPeriod>
    readonly outages: ReadonlyArray<CircuitOutage>
  }
  readonly cost: {
    /** Absent when the price is not known. */
    readonly currency?: "USD" | "CNY"
    /** Exact decimal. */
    readonly total: string
    /** The part of it that was paid for attempts that failed or were left. */
    readonly wasted: string
  }
  readonly limitUsage: ReadonlyArray<LimitUsage>
  readonly buckets: ReadonlyArray<Bucket>
}
