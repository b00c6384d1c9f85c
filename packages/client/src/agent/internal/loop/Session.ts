/** A run in progress: its state, the time that it has worked, and its listeners. */
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { AgentEvent } from "../../AgentEvent.ts"
import type { AgentError } from "../../AgentResult.ts"
import type { AgentState } from "../../AgentState.ts"
import type { Settings } from "./Settings.ts"
import { returned } from "./returned.ts"

/** Passes on the events of a streamed run, in the groups in which they arise. */
export type Emit = (events: ReadonlyArray<AgentEvent>) => Effect.Effect<void>

export class Session<R> {
  readonly settings: Settings<R>
  /** Absent in a run that is not streamed. */
  readonly emit: Emit | undefined
  readonly #clock: Clock.Clock
  /** The monotonic time at which the run would have started, had it never been interrupted. */
  readonly #startedAt: number
  /** Tool calls of one turn end at the same time, and an older state must not replace a newer one. */
  readonly #checkpoints = Semaphore.makeUnsafe(1)
  #state: AgentState

  constructor(state: AgentState, settings: Settings<R>, clock: Clock.Clock, emit?: Emit) {
    this.settings = settings
    this.emit = emit
    this.#clock = clock
    this.#startedAt = MonotonicClock.millisUnsafe(clock) - state.elapsedMillis
    this.#state = state
  }

  /** The state at this moment. */
  get state(): AgentState {
    return this.#state
  }

  /** Milliseconds that are left of the run. */
  get remaining(): number {
    return this.settings.limits.millis - (MonotonicClock.millisUnsafe(this.#clock) - this.#startedAt)
  }

  /** Counts the time up to now. */
  touch(): AgentState {
    const elapsedMillis = MonotonicClock.millisUnsafe(this.#clock) - this.#startedAt
    if (elapsedMillis !== this.#state.elapsedMillis) this.#state = { ...this.#state, elapsedMillis }
    return this.#state
  }

  /** Changes the state and stores it. */
  update(change: (state: AgentState) => AgentState): Effect.Effect<void, AgentError> {
    return Effect.suspend(() => {
      this.#state = change(this.touch())
      return this.checkpoint
    })
  }

  /** Stores the latest state. */
  get checkpoint(): Effect.Effect<void, AgentError> {
    const { checkpoint } = this.settings.hooks
    if (checkpoint === undefined) return Effect.void
    return this.#checkpoints.withPermit(Effect.suspend(() => returned("hooks.checkpoint", checkpoint(this.#state))))
  }
}
