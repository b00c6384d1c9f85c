/** The call of a schedule that the current fiber makes, which hosts need to choose the action of an attempt. */
import * as Context from "effect/Context"
import type { HostAction } from "../../schedule/CallSchedule.ts"

export interface RunningCall {
  readonly index: number
  readonly actions: ReadonlyArray<HostAction>
  /** The number of attempts so far. */
  attempts: number
}

export const CurrentCall: Context.Reference<RunningCall> = Context.Reference<RunningCall>(
  "@kimi-effect/testing/internal/schedule/CurrentCall",
  { defaultValue: () => ({ index: -1, actions: [], attempts: 0 }) }
)
