import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as HealthSettings from "../../src/observability/HealthSettings.ts"
import { component } from "./support/health.ts"

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

  it.effect("that cannot be used are named, all of them", () =>
    Effect.gen(function* () {
      const build = (settings: HealthSettings.Values) => Layer.build(HealthSettings.layer(settings))
      const error = yield* Effect.flip(
        build({
          timeToLive: "-1 seconds",
          slowAfter: Infinity,
          queueWarning: 80,
          balanceWarning: -1,
          failureThreshold: 0.5,
          paidProbe: { timeToLive: "-1 minute" }
        })
      )
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["timeToLive", "slowAfter", "paidProbe.timeToLive", "queueWarning", "balanceWarning", "failureThreshold"].map(
          (name) => `HealthSettings ${name}`
        )
      )
      yield* build({ timeToLive: 0, queueWarning: 1, balanceWarning: 0, paidProbe: true, timeout: "1 second" })
    })
  )
})
