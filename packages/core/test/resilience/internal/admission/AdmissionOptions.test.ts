import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as KimiConfig from "../../../../src/KimiConfig.ts"
import * as Admission from "../../../../src/resilience/Admission.ts"
import * as AdmissionOptions from "../../../../src/resilience/internal/admission/AdmissionOptions.ts"

/** The issues of options that are invalid. */
const issuesOf = (options: object) =>
  Effect.map(Effect.flip(AdmissionOptions.check(AdmissionOptions.rulesOf(options))), ({ issues }) =>
    issues.map(({ expected, name }) => [name, expected])
  )

describe("the options of admission as text", () => {
  const described = (options: Admission.Options) => Effect.map(Admission.make(options), ({ options }) => options)

  it.effect("have every known limit", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* described({
          limits: { concurrency: 2, tokensPerDay: 9_000, tokensPerMinute: undefined },
          maxWait: "10 seconds",
          maxQueue: 7
        }),
        { concurrency: "2", tokensPerDay: "9000", "max wait": "10s", "max queue": "7" }
      )
    })
  )

  it.effect("state that no limit is known", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* described({}))["limits"], "unknown")
    })
  )

  it.effect("state that limits depend on the account", () =>
    Effect.gen(function* () {
      const options = yield* described({ limits: () => ({ concurrency: 1 }), maxWait: "10 seconds", maxQueue: 7 })
      assert.deepStrictEqual(options, { limits: "by account", "max wait": "10s", "max queue": "7" })
    })
  )

  it.effect("state what is shared on Redis", () =>
    Effect.gen(function* () {
      const options = { limits: { concurrency: 2 }, keyPrefix: "app:", localShare: 0.25, maxQueue: 7 } as const
      const resolved = yield* AdmissionOptions.resolveRedis(options)
      assert.deepStrictEqual(AdmissionOptions.describeRedis(options, resolved), {
        ...AdmissionOptions.describeOptions(options),
        shared: "on Redis under app:",
        "local share": "0.25"
      })
    })
  )
})

describe("the limits among the options", () => {
  const known = "concurrency, requestsPerMinute, tokensPerMinute, tokensPerDay"

  it.effect("are an object with known names", () =>
    Effect.gen(function* () {
      for (const limits of [null, 5, "many"]) {
        assert.deepStrictEqual(yield* issuesOf({ limits }), [["Admission limits", `an object with ${known}`]])
      }
    })
  )

  it.effect("have no other names", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf({ limits: { requestPerMinute: 5 } }), [
        ["Admission requestPerMinute", `one of the limits ${known}`]
      ])
    })
  )

  it.effect("may be a function or missing", () =>
    Effect.gen(function* () {
      for (const limits of [undefined, () => ({})]) {
        yield* AdmissionOptions.check(AdmissionOptions.rulesOf({ limits }))
      }
    })
  )
})

describe("the options of admission on Redis", () => {
  it.effect("name an invalid prefix of keys", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(AdmissionOptions.resolveRedis({ keyPrefix: "{}" }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["Admission keyPrefix"]
      )
    })
  )

  it.effect("have defaults", () =>
    Effect.gen(function* () {
      const { cooldown, keyPrefix, lease, localShare, timeout } = yield* AdmissionOptions.resolveRedis({})
      assert.deepStrictEqual([cooldown, lease, timeout].map(Duration.toMillis), [1_000, 30_000, 250])
      assert.deepStrictEqual([keyPrefix, localShare], ["kimi-effect:admission:", 0.5])
    })
  )

  it("follow a configuration", () => {
    const limits = () => ({ concurrency: 3 })
    const config = {
      ...KimiConfig.defaults,
      admissionMaxQueue: 7,
      admissionMaxWait: Duration.seconds(9),
      limitsLocalShare: 0.25,
      redisKeyPrefix: "app:"
    }
    assert.deepStrictEqual(AdmissionOptions.redisOptionsFromConfig(config, limits), {
      limits,
      maxQueue: 7,
      maxWait: Duration.seconds(9),
      localShare: 0.25,
      keyPrefix: "app:admission:"
    })
  })
})
