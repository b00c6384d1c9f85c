/** Records the events of a simulation in order. */
import type { Transition } from "@kimi-effect/core/CircuitBreaker"
import type * as Cause from "effect/Cause"
import type { Attempt } from "../../simulator/VirtualHost.ts"

/** One call, as observed by its caller. Times are milliseconds from the start. */
export interface RecordedCall {
  readonly arrivedAt: number
  endedAt: number
  /** `Success` or the tag of the error. */
  outcome: string
  /** Absent until an attempt has reached the host. */
  firstAttemptAt?: number
  /** Absent until there is content, and for calls that are not streams. */
  firstContentAt?: number
}

export class Recorder {
  readonly calls: Array<RecordedCall> = []
  readonly attempts: Array<Attempt> = []
  readonly transitions: Array<Transition> = []
  /** The first defect of a call. It fails the simulation. */
  defect: Cause.Cause<never> | undefined

  begin(arrivedAt: number): RecordedCall {
    const call: RecordedCall = { arrivedAt, endedAt: arrivedAt, outcome: "Interrupted" }
    this.calls.push(call)
    return call
  }
}
