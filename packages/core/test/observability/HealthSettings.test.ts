import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as HealthSettings from "../../src/observability/HealthSettings.ts"
import { component } from "./support/health.ts"

describe("HealthSettings", () => {
  it.effect("are empty by default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* HealthSettings.HealthSettings, {})
    })
  )

  it.effect("override outer settings", () =>
    Effect.gen(function* () {
      const outer = HealthSettings.layer({ balanceWarning: 1, slowAfter: "1 second" })
      const layer = Layer.provide(HealthSettings.layer({ balanceWarning: 2 }), outer)
      const settings = yield* Effect.provide(HealthSettings.HealthSettings, layer)
      assert.deepInclude(settings, { balanceWarning: 2, slowAfter: "1 second" })
    })
  )

  it.effect("add to the checks of outer settings", () =>
    Effect.gen(function* () {
      const [innerCheck, outerCheck] = [component({ name: "innerCheck" }), component({ name: "outerCheck" })]
      const outer = HealthSettings.layer({ checks: [outerCheck] })
      const layer = Layer.provide(HealthSettings.layer({ checks: [innerCheck] }), outer)
      const { checks } = yield* Effect.provide(HealthSettings.HealthSettings, layer)
      assert.deepStrictEqual(checks, [outerCheck, innerCheck])
    })
  )

  it.effect("fail with the name of every invalid setting", () =>
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
