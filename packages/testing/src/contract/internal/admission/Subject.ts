/** The admission under test, and calls through it. */
import type { Admission } from "@kimi-effect/core/Admission"
import type { KimiError } from "@kimi-effect/core/KimiError"
import type { RateLimits } from "@kimi-effect/core/RateLimits"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { eventually, exitOf, settle, start } from "../eventually.ts"
import { failureOf, isTrue } from "../expect.ts"

export type Service = Admission["Service"]

type PermitRequest = Parameters<Service["acquire"]>[0]
/** Its own name, so that the declarations of this package do not name an internal file of core. */
export interface AskedPermit extends PermitRequest {}
type States = Effect.Success<Service["states"]>

/**
 * How the admission of a test is configured.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** The limits of every account. */
  readonly limits: RateLimits
  /** Longest wait for a permit. */
  readonly maxWait: Duration.Duration
  /** Calls of one priority that may wait for one account. */
  readonly maxQueue: number
}

type Test = (admission: Service) => Effect.Effect<void, unknown, Scope.Scope>

export interface Subject {
  /** Registers a test with limits. Calls wait for two minutes at most, and 100 may wait. */
  readonly test: (name: string, limits: RateLimits, test: Test, queue?: Partial<Settings>) => void
  /** Advances the clock of the admission. */
  readonly sleep: (millis: number) => Effect.Effect<void>
  /** Whether the clock of the admission is exact. */
  readonly isExact: boolean
}

/** A longest wait that passes within a test. */
export const shortWait = Duration.millis(200)

export const account = "moonshot"

export const ask = (tokens = 1, of = account): AskedPermit => ({ account: of, tokens: () => tokens })

/** The state of the account, if it is in use. */
export const stateOf = (admission: Service, of = account): Effect.Effect<ReturnType<States["get"]>> =>
  Effect.map(admission.states, (states) => states.get(of))

export const untilState = (admission: Service, expected: { readonly inFlight: number; readonly waiting: number }) =>
  eventually(
    Effect.map(
      stateOf(admission),
      (state) => (state?.inFlight ?? 0) === expected.inFlight && (state?.waiting ?? 0) === expected.waiting
    ),
    `${expected.inFlight} calls run, ${expected.waiting} wait`
  )

/** A call that has a permit until `end` is completed. */
export const hold = (admission: Service, request: AskedPermit = ask()) =>
  Effect.gen(function* () {
    const begun = yield* Deferred.make<void>()
    const end = yield* Deferred.make<string, KimiError>()
    const attempt = Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(end))
    const fiber = yield* start(admission.guard(request)(attempt))
    yield* eventually(Deferred.isDone(begun), "the call is admitted")
    return { end, fiber }
  })

/** A call that must not be admitted now; `isMade` is whether it was. */
export const waiting = (admission: Service, request: AskedPermit = ask()) =>
  Effect.gen(function* () {
    let isMade = false
    const attempt = Effect.sync(() => {
      isMade = true
    })
    const fiber = yield* start(admission.guard(request)(attempt))
    yield* settle
    return { fiber, isMade: () => isMade }
  })

/** Completes when the call has been admitted. */
export const untilMade = (call: { readonly isMade: () => boolean }) =>
  eventually(Effect.sync(call.isMade), "the waiting call is admitted")

/** The error of a call that is refused within the longest wait. */
export const refusalOf = (admission: Service, sleep: Subject["sleep"], request: AskedPermit = ask()) =>
  Effect.gen(function* () {
    const call = yield* waiting(admission, request)
    if (call.fiber.pollUnsafe() === undefined) yield* sleep(Duration.toMillis(shortWait))
    const exit = yield* exitOf(call.fiber, "the call ends")
    isTrue(!call.isMade(), "the call was made")
    return yield* failureOf(exit, "the call succeeded")
  })
