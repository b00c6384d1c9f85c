/** Waiting for what another fiber, process or server does. */
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { isTrue } from "./expect.ts"

/** Turns in which fibers of this process have run as far as they can. */
const turns = 200

/**
 * Longest wait for what comes from outside this process, in real time: a loaded
 * machine needs longer than the 200 turns of its fibers. Tests of faulty
 * services, which wait in vain, shorten it.
 */
export const MaxWait: Context.Reference<Duration.Duration> = Context.Reference<Duration.Duration>(
  "@kimi-effect/testing/contract/internal/eventually/MaxWait",
  { defaultValue: () => Duration.seconds(10) }
)

/** A `TestClock` does not advance by itself, so this is the clock of the machine. */
const machine = Clock.Clock.defaultValue()
const pollInterval = Effect.provideService(Effect.sleep("1 millis"), Clock.Clock, machine)

/** Waits for a condition, and fails the test if it does not become true. */
export const eventually = <E, R>(condition: Effect.Effect<boolean, E, R>, what: string): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    const end = MonotonicClock.millisUnsafe(machine) + Duration.toMillis(yield* MaxWait)
    for (let turn = 0; turn < turns || MonotonicClock.millisUnsafe(machine) < end; turn += 1) {
      if (yield* condition) return
      yield* turn < turns ? Effect.yieldNow : pollInterval
    }
    isTrue(yield* condition, `it did not happen: ${what}`)
  })

/** Lets fibers of this process run as far as they can without the clock. */
export const settle: Effect.Effect<void> = Effect.gen(function* () {
  for (let turn = 0; turn < turns; turn += 1) yield* Effect.yieldNow
})

/** Starts a fiber that ends with the test. */
export const start = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.Fiber<A, E>, never, R | Scope.Scope> => Effect.forkScoped(effect, { startImmediately: true })

/** The exit of a fiber that has to end; the test fails if it does not. */
export const exitOf = <A, E>(fiber: Fiber.Fiber<A, E>, what: string): Effect.Effect<Exit.Exit<A, E>> => {
  const isOver = Effect.sync(() => fiber.pollUnsafe() !== undefined)
  return Effect.andThen(eventually(isOver, what), Fiber.await(fiber))
}
