/** What a run of a schedule leaves: what callers received, what hosts logged, and what is still in use. */
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type * as Exit from "effect/Exit"
import type { CallSchedule, ScheduledCall } from "../../schedule/CallSchedule.ts"
import type { LoggedAttempt } from "./HostLog.ts"
import type { Observations } from "./stageObservers.ts"

/** An event, and when it reached the caller. */
export interface ReceivedEvent {
  readonly at: number
  readonly event: StreamEvent
}

/** What one caller received. Times are monotonic milliseconds from the start of the run. */
export interface ReceivedCall {
  readonly index: number
  readonly call: ScheduledCall
  readonly prompt: string
  readonly startedAt: number
  readonly events: ReadonlyArray<ReceivedEvent>
  /** The events of a whole response. */
  readonly isWhole: boolean
  /** Absent when the call did not end within its bound. */
  exit: Exit.Exit<unknown, StreamError> | undefined
  endedAt: number | undefined
}

/** What is in use after all calls have ended. */
export interface RemainingUse {
  readonly permits: number
  readonly waiting: number
  readonly flights: number
  readonly fibers: number
  readonly reservations: number
  readonly connections: number
}

/** Tokens of attempts. */
interface Tokens {
  readonly attempts: number
  readonly prompt: number
  readonly output: number
}

export interface Money {
  /** In dollars, by scope. */
  readonly spent: ReadonlyMap<string, number>
  /** The cost of all recorded attempts, by tenant. */
  readonly recorded: ReadonlyMap<string, number>
  /** Usage that hosts reported, as recorded. */
  readonly reported: Tokens
  readonly lostAttempts: number
}

export interface Outcome {
  readonly schedule: CallSchedule
  readonly received: ReadonlyArray<ReceivedCall>
  readonly log: ReadonlyArray<LoggedAttempt>
  readonly observations: Observations
  readonly remainingUse: RemainingUse
  readonly money: Money
}
