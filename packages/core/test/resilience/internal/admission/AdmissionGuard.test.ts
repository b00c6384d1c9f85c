import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { classes, type KimiError } from "../../../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../../../src/models/StreamEvent.ts"
import * as AdmissionGuard from "../../../../src/resilience/internal/admission/AdmissionGuard.ts"
import type { Limiter, Outcome } from "../../../../src/resilience/internal/admission/Limiter.ts"
import { ask, start } from "../../support/admission.ts"

/** A limiter that admits every call, and records how each ended. */
const recording = () => {
  const outcomes: Array<Outcome> = []
  const acquire: Limiter["acquire"] = () =>
    Effect.succeed({
      recordRateStatus: () => undefined,
      release: (outcome) => Effect.sync(() => void outcomes.push(outcome))
    })
  return { acquire, outcomes }
}

const broken = new classes.ServerError({ message: "500" })

describe("AdmissionGuard.make", () => {
  it.effect("releases the permit of a call that succeeded", () =>
    Effect.gen(function* () {
      const { acquire, outcomes } = recording()
      assert.strictEqual(yield* AdmissionGuard.make(acquire)(ask())(Effect.succeed("answer")), "answer")
      assert.deepStrictEqual(outcomes, ["success"])
    })
  )

  it.effect("releases the permit of a call that failed with its error", () =>
    Effect.gen(function* () {
      const { acquire, outcomes } = recording()
      yield* Effect.exit(AdmissionGuard.make(acquire)(ask())(Effect.fail(broken)))
      assert.deepStrictEqual(outcomes, [broken])
    })
  )

  it.effect("takes an interrupted call for no answer of the host", () =>
    Effect.gen(function* () {
      const { acquire, outcomes } = recording()
      yield* Fiber.interrupt(yield* start(AdmissionGuard.make(acquire)(ask())(Effect.never)))
      assert.deepStrictEqual(outcomes, ["interrupted"])
    })
  )

  it.effect("takes defects for no answer of the host", () =>
    Effect.gen(function* () {
      const { acquire, outcomes } = recording()
      yield* Effect.exit(AdmissionGuard.make(acquire)(ask())(Effect.die("defect")))
      assert.deepStrictEqual(outcomes, ["interrupted"])
    })
  )

  it.effect("takes errors without a meaning for the limits for no answer of the host", () =>
    Effect.gen(function* () {
      const { acquire, outcomes } = recording()
      yield* Effect.exit(AdmissionGuard.make(acquire)(ask())(Effect.fail("mine")))
      yield* Effect.exit(AdmissionGuard.make(acquire)<KimiError>(ask(), () => undefined)(Effect.fail(broken)))
      assert.deepStrictEqual(outcomes, ["interrupted", "interrupted"])
    })
  )
})

describe("AdmissionGuard.guardStream", () => {
  it.effect("releases the permit of a stream that failed with its error", () =>
    Effect.gen(function* () {
      const { acquire, outcomes } = recording()
      const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }
      const events = Stream.concat(Stream.make(text), Stream.fail(broken))
      yield* Effect.exit(Stream.runDrain(AdmissionGuard.guardStream({ acquire }, ask())(events)))
      assert.deepStrictEqual(outcomes, [broken])
    })
  )
})
