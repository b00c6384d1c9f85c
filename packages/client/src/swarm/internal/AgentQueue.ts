/** Lets agents wait until the schedule of the swarm admits them. */
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type { AgentStates } from "@kimi-effect/core/internal/SwarmMetrics"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Schedule from "./Schedule.ts"

export class AgentQueue {
  readonly #clock: Clock.Clock
  readonly #scope: Scope.Scope
  /** The effects that paused agents wait for. */
  readonly #paused = new Map<string, number>()
  /** Agents that wait for something else than their admission. */
  readonly #aside = new Set<string>()
  readonly #admissions = new Map<string, Deferred.Deferred<void>>()
  /** Waits for the time of the next admission. */
  #timer: { readonly at: number; readonly fiber: Fiber.Fiber<void> } | undefined
  /** Completed when no agent works. */
  readonly #idle: Array<Deferred.Deferred<void>> = []
  readonly #onChange: (states: AgentStates) => void
  #schedule: Schedule.Schedule

  /** `onChange` gets how many agents are in each state, whenever that changes. */
  constructor(
    schedule: Schedule.Schedule,
    clock: Clock.Clock,
    scope: Scope.Scope,
    onChange: (states: AgentStates) => void = () => {}
  ) {
    this.#onChange = onChange
    this.#schedule = schedule
    this.#clock = clock
    this.#scope = scope
  }

  get now(): number {
    return MonotonicClock.millisUnsafe(this.#clock)
  }

  /** Agents that work now. */
  get working(): number {
    return this.#schedule.working.size
  }

  /** Agents that wait now. */
  get waiting(): number {
    return this.#schedule.waiting.length
  }

  /** How many agents are in each state. */
  get states(): AgentStates {
    const { capacity, isSuspended } = this.#schedule
    const waiting = this.waiting + this.#aside.size
    return {
      working: this.working,
      queued: isSuspended ? 0 : waiting,
      suspended: isSuspended ? waiting : 0,
      delegating: this.#paused.size,
      concurrency: Math.floor(capacity)
    }
  }

  /**
   * Waits for the admission of an agent, works, and makes room for the next one:
   * at once, or with `leave` if `isLast` returns that the agent ends with this result.
   */
  admitted<A, E, R>(
    agent: { readonly id: string; readonly rank: number; readonly wait: number },
    work: Effect.Effect<A, E, R>,
    isLast: (result: A) => boolean = () => false
  ): Effect.Effect<A, E, R> {
    return Effect.onExit(
      Effect.andThen(
        Effect.suspend(() => this.#enter(agent.id, agent.rank, agent.wait)),
        work
      ),
      (exit) => (Exit.isSuccess(exit) && isLast(exit.value) ? Effect.void : this.leave(agent.id))
    )
  }

  #enter(id: string, rank: number, wait: number): Effect.Effect<void> {
    const admission = Deferred.makeUnsafe<void>()
    this.#admissions.set(id, admission)
    const notBefore = wait === 0 ? Number.NEGATIVE_INFINITY : this.now + wait
    return Effect.andThen(
      this.#change((schedule) => Schedule.enqueue(schedule, { id, rank, notBefore })),
      Deferred.await(admission)
    )
  }

  /**
   * Makes room for others while a working agent waits for `effect`, of which
   * several can run, and waits for its admission after the last one.
   */
  paused<A, E, R>(
    agent: { readonly id: string; readonly rank: number },
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    const { id, rank } = agent
    const begin = Effect.suspend(() => {
      const count = this.#paused.get(id) ?? 0
      this.#paused.set(id, count + 1)
      return count === 0 ? this.leave(id) : Effect.void
    })
    const end = Effect.sync(() => {
      const count = (this.#paused.get(id) ?? 1) - 1
      if (count === 0) this.#paused.delete(id)
      else this.#paused.set(id, count)
      return count === 0
    })
    let isLast = false
    return Effect.acquireUseRelease(
      begin,
      () => effect,
      () => Effect.map(end, (last) => void (isLast = last))
    ).pipe(Effect.tap(() => (isLast ? this.#enter(id, rank, 0) : Effect.void)))
  }

  /** Makes room for others while a working agent waits for `effect`, and waits for its admission if that succeeds. */
  aside<A, E, R>(
    agent: { readonly id: string; readonly rank: number },
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    const { id, rank } = agent
    return Effect.acquireUseRelease(
      Effect.suspend(() => {
        this.#aside.add(id)
        return this.leave(id)
      }),
      () => effect,
      () => Effect.sync(() => void this.#aside.delete(id))
    ).pipe(Effect.tap(() => this.#enter(id, rank, 0)))
  }

  /** An agent neither waits nor works any more. */
  leave(id: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#admissions.delete(id)
      return this.#change((schedule) => Schedule.leave(schedule, id))
    })
  }

  get firstToken(): Effect.Effect<void> {
    return this.#change(Schedule.firstToken)
  }

  get responded(): Effect.Effect<void> {
    return this.#change(Schedule.responded)
  }

  get refused(): Effect.Effect<void> {
    return this.#change((schedule) => Schedule.refused(schedule, this.now))
  }

  get suspend(): Effect.Effect<void> {
    return this.#change(Schedule.suspend)
  }

  get resume(): Effect.Effect<void> {
    return this.#change(Schedule.resume)
  }

  /** Waits until no agent works. */
  get idle(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.working === 0) return Effect.void
      const idle = Deferred.makeUnsafe<void>()
      this.#idle.push(idle)
      return Deferred.await(idle)
    })
  }

  #change(change: (schedule: Schedule.Schedule) => Schedule.Schedule): Effect.Effect<void> {
    return Effect.suspend(() => {
      const changed = change(this.#schedule)
      if (changed === this.#schedule) return Effect.void
      this.#schedule = changed
      return this.#admit()
    })
  }

  #admit(): Effect.Effect<void> {
    const { ids, schedule, wakeAt } = Schedule.admit(this.#schedule, this.now)
    this.#schedule = schedule
    for (const id of ids) {
      const admission = this.#admissions.get(id)
      if (admission !== undefined) Deferred.doneUnsafe(admission, Effect.void)
    }
    this.#onChange(this.states)
    if (this.working === 0) {
      for (const idle of this.#idle.splice(0)) Deferred.doneUnsafe(idle, Effect.void)
    }
    return wakeAt === undefined ? Effect.void : this.#wakeAt(wakeAt)
  }

  #wakeAt(at: number): Effect.Effect<void> {
    if (this.#timer !== undefined && this.#timer.at <= at) return Effect.void
    const earlier = this.#timer?.fiber
    const wake = Effect.andThen(
      Effect.sleep(Math.max(0, at - this.now)),
      Effect.suspend(() => {
        this.#timer = undefined
        return this.#admit()
      })
    )
    return Effect.gen({ self: this }, function* () {
      const fiber = yield* Effect.forkIn(wake, this.#scope)
      this.#timer = { at, fiber }
      if (earlier !== undefined) yield* Effect.forkIn(Fiber.interrupt(earlier), this.#scope)
    })
  }
}
