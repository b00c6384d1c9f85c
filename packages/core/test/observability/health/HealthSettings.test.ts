import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as HealthSettings from "../../../src/observability/health/HealthSettings.ts"
import { component } from "../support/health.ts"

describe("the settings of health", () => {
  it.effect("are empty by default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* HealthSettings.HealthSettings, {})
    })
  )

  it.effect("go over those below, and add their checks to theirs", () =>
    Effect.gen(function* () {
      const [own, theirs] = [component({ name: "own" }), component({ name: "theirs" })]
      const below = HealthSettings.layer({ balanceWarning: 1, slowAfter: "1 second", checks: [theirs] })
      const layer = Layer.provide(HealthSettings.layer({ balanceWarning: 2, checks: [own] }), below)
      const settings = yield* Effect.provide(HealthSettings.HealthSettings, layer)
      assert.deepStrictEqual(settings, { balanceWarning: 2, slowAfter: "1 second", checks: [theirs, own] })
    })
  )
})
