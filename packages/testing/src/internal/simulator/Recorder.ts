/** Collects what happens in a simulation, in the order in which it happens. */
import type { Transition } from "@kimi-effect/core/CircuitBreaker"
import type * as Cause from "effect/Cause"
import type { Attempt } from "../../simulator/VirtualHost.ts"

/** One call, as its caller saw it. Times are milliseconds from the start. */
export interface RecordedCall {
  readonly arrivedAt: number
  endedAt: number
  /** `Success` or the tag of the error. */
  outcome: string
  /** Absent while no attempt has reached the host. */
  firstAttemptAt?: number
  /** Absent while there is no content, and for whole answers. */
  firstContentAt?: number
}

export class Recorder {
  readonly calls: Array<RecordedCall> = []
  readonly attempts: Array<Attempt> = []
  readonly transitions: Array<Transition> = []
  /** What a call died of, which no simulation is about. */
  defect: Cause.Cause<never> | undefined

  begin(arrivedAt: number): RecordedCall {
    const call: RecordedCall = { arrivedAt, endedAt: arrivedAt, outcome: "Interrupted" }
    this.calls.push(call)
    return call
  }
}
