/** What a half-open circuit permits, and how its probe ends. */
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { start } from "../eventually.ts"
import { equal } from "../expect.ts"
import { brokenForLong, type Circuits, fail, key, rejectionOf, type Subject, succeed, tagOf } from "./Subject.ts"

/** A probe that runs until it is interrupted. */
const runningProbe = (circuits: Circuits) =>
  Effect.gen(function* () {
    const begun = yield* Deferred.make<void>()
    const fiber = yield* start(circuits.guard(key)(Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)))
    yield* Effect.raceFirst(Deferred.await(begun), Fiber.join(fiber))
    return fiber
  })

export const register = ({ testHalfOpen }: Subject): void => {
  testHalfOpen("permits one probe at a time after the open duration", (circuits) =>
    Effect.gen(function* () {
      yield* runningProbe(circuits)
      equal((yield* rejectionOf(circuits)).state, "half-open")
    })
  )

  testHalfOpen("closes when its probe succeeds", (circuits) =>
    Effect.gen(function* () {
      equal(yield* succeed(circuits), "answer")
      equal(yield* tagOf(circuits), "Closed")
    })
  )

  testHalfOpen("opens again when its probe fails", (circuits) =>
    Effect.gen(function* () {
      yield* fail(circuits, 1, brokenForLong)
      equal(yield* tagOf(circuits), "Open")
    })
  )

  testHalfOpen("permits the next probe when one is interrupted", (circuits) =>
    Effect.gen(function* () {
      yield* Fiber.interrupt(yield* runningProbe(circuits))
      equal(yield* succeed(circuits), "answer")
    })
  )

  testHalfOpen("permits the next probe when the outcome of one does not count", (circuits) =>
    Effect.gen(function* () {
      const limited = new RateLimitError({ message: "429", kind: "unknown" })
      yield* Effect.exit(circuits.guard(key)(Effect.fail(limited)))
      equal(yield* succeed(circuits), "answer")
    })
  )
}
