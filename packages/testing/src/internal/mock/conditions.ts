/** What the periods of a provider's options mean at a moment. */
import * as Duration from "effect/Duration"
import type * as Reply from "../../Reply.ts"
import * as FaultScript from "../../simulator/FaultScript.ts"
import { failureReplies } from "./failureReplies.ts"
import type { Options } from "./Settings.ts"

/** The conditions of an attempt that begins. */
export interface Conditions {
  /** The reply of a host that cannot be reached, or that hangs. */
  readonly outage: Reply.Default | undefined
  readonly failureRate: number
  readonly slowdown: number
  readonly rejectionRate: number
  readonly retryAfter: Duration.Duration
  readonly connections: FaultScript.Conditions["connections"]
}

/** The conditions at a time in Unix milliseconds. */
export type Reader = (now: number) => Conditions

const fair: Conditions = {
  outage: undefined,
  failureRate: 0,
  slowdown: 1,
  rejectionRate: 0,
  retryAfter: Duration.zero,
  connections: []
}

const outageReply = (mode: "refuse" | "hang" | undefined): Reply.Default | undefined =>
  mode === undefined
    ? undefined
    : mode === "refuse"
      ? failureReplies.ConnectionRefusedError
      : failureReplies.TotalTimeoutError

/** Reads the conditions of a provider that starts at `start`. */
export const make = ({ faults = [], flapping }: Options, start: number): Reader => {
  if (faults.length === 0 && flapping === undefined) return () => fair
  const periods = FaultScript.periodsOf(faults)
  const up = flapping === undefined ? Number.POSITIVE_INFINITY : Duration.toMillis(flapping.up)
  const cycle = flapping === undefined ? Number.POSITIVE_INFINITY : up + Duration.toMillis(flapping.down)
  return (now) => {
    const { outage, retryAfter, ...rest } = FaultScript.conditionsAt(periods, now - start)
    const isDown = (now - start) % cycle >= up
    return {
      ...rest,
      outage: outageReply(outage ?? (isDown ? "refuse" : undefined)),
      retryAfter: Duration.millis(retryAfter)
    }
  }
}
