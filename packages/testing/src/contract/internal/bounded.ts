/** Ends tests of services that never return, so that these fail and the suite continues with any runner. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { It, Register } from "../TestRunner.ts"
import { MaxWait } from "./eventually.ts"
import { isTrue } from "./expect.ts"

type Test = Effect.Effect<void, unknown, Scope.Scope>

/** A test waits for several events at most. */
const maxWaits = 6

const machine = Clock.Clock.defaultValue()

/**
 * Runs a test in a separate fiber and scope, since a service may be uninterruptible,
 * and then an interruption would wait for it.
 */
const endsInTime = (test: Effect.Effect<void, unknown, Scope.Scope>): Test =>
  Effect.gen(function* () {
    const limit = Duration.times(yield* MaxWait, maxWaits)
    const fiber = yield* Effect.forkDetach(Effect.scoped(test), { startImmediately: true })
    const expired = Effect.sleep(limit).pipe(
      Effect.provideService(Clock.Clock, machine),
      Effect.andThen(Effect.sync(() => isTrue(false, `the test did not end within ${Duration.format(limit)}`)))
    )
    yield* Effect.raceFirst(Fiber.join(fiber), expired).pipe(
      Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe()))
    )
  })

const boundedRegister =
  (register: Register): Register =>
  (name, test) =>
    register(name, () => endsInTime(Effect.suspend(test)))

/** The runner, with tests that always end. */
export const bounded = ({ effect, live }: It): It => ({ effect: boundedRegister(effect), live: boundedRegister(live) })
