import { assert, describe, it } from "@effect/vitest"
import { Duration, Redacted } from "effect"
import * as ResponseCache from "../../../src/cache/ResponseCache.ts"
import * as KimiConfig from "../../../src/KimiConfig.ts"
import * as Budget from "../../../src/money/Budget.ts"
import * as CallLog from "../../../src/observability/CallLog.ts"
import * as HealthSettings from "../../../src/observability/HealthSettings.ts"
import * as Observer from "../../../src/observability/Observer.ts"
import * as Admission from "../../../src/resilience/Admission.ts"
import * as CircuitBreaker from "../../../src/resilience/CircuitBreaker.ts"
import * as Hedge from "../../../src/resilience/Hedge.ts"
import * as RetryBudget from "../../../src/resilience/RetryBudget.ts"
import { examples } from "../../support/options.ts"

/** A configuration with the switches on that other options depend on. */
const base: KimiConfig.Values = {
  ...KimiConfig.defaults,
  hedgePercentile: 0.9,
  healthPaidProbe: true,
  telemetryContent: true
}

/** Everything that a configuration gives stages and services. */
const stageOptions = (config: KimiConfig.Values): string =>
  JSON.stringify([
    CircuitBreaker.optionsFromConfig(config),
    CircuitBreaker.redisOptionsFromConfig(config),
    Admission.redisOptionsFromConfig(config, () => Admission.limitsFromConfig(config)),
    Admission.limitsFromConfig(config),
    RetryBudget.optionsFromConfig(config),
    ResponseCache.optionsFromConfig(config),
    ResponseCache.persistedOptionsFromConfig(config),
    Budget.optionsFromConfig(config),
    Hedge.optionsFromConfig(config),
    Observer.optionsFromConfig(config),
    CallLog.optionsFromConfig(config),
    HealthSettings.optionsFromConfig(config)
  ])

const stageGroups = new Set(["retry budget", "limits", "breaker", "cache", "budget", "hedge", "telemetry", "health"])

/** Switches and places of stores, which decide what is built, and a schedule, which is a function. */
const elsewhere: ReadonlySet<KimiConfig.Name> = new Set([
  "retryBudget",
  "limits",
  "breaker",
  "circuits",
  "breakerOpenDuration",
  "cache",
  "budgetStore",
  "telemetry"
])

describe("an option of a stage", () => {
  const names = (Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>).filter(
    (name) => stageGroups.has(KimiConfig.options[name].group) && !elsewhere.has(name)
  )
  for (const name of names) {
    it(`reaches the stage: ${name}`, () => {
      const { value } = examples[name]
      const changed = typeof value === "boolean" ? !base[name] : value
      // A circuit on Redis has one policy, and a probe that is off has no options.
      assert.notStrictEqual(stageOptions({ ...base, [name]: changed }), stageOptions(base))
    })
  }
})

describe("telemetry with content", () => {
  it("redacts the API key, or what looks like a secret", () => {
    const apiKey = Redacted.make("plain-key-of-a-custom-host")
    const { content } = Observer.optionsFromConfig({ ...base, apiKey })
    assert.strictEqual(
      content?.redact("plain-key-of-a-custom-host and sk-0123456789 in a prompt"),
      "<redacted> and <redacted> in a prompt"
    )
  })
})

describe("a cache that is smaller than the default largest response", () => {
  it("has a smaller largest response", () => {
    const { maxEntryBytes } = ResponseCache.optionsFromConfig({ ...base, cacheMaxBytes: 1_000 })
    assert.strictEqual(maxEntryBytes, 1_000)
  })
})

describe("circuits on Redis", () => {
  it("open by a rate over a number of calls", () => {
    const { tripPolicy } = CircuitBreaker.redisOptionsFromConfig({
      ...base,
      breakerFailureRate: 0.5,
      breakerMinimumCalls: 10,
      breakerWindow: { _tag: "Count", size: 30 }
    })
    assert.deepStrictEqual(tripPolicy, { _tag: "Rate", threshold: 0.5, minimumCalls: 10, size: 30 })
  })

  it("open after failures in a row over a time", () => {
    const { tripPolicy } = CircuitBreaker.redisOptionsFromConfig({ ...base, breakerFailures: 4 })
    assert.deepStrictEqual(tripPolicy, { _tag: "Consecutive", failures: 4 })
  })
})

describe("a hedge stage", () => {
  it("is off where no delay is configured", () => {
    assert.isUndefined(Hedge.optionsFromConfig(KimiConfig.defaults))
  })

  it("is on where any delay is configured", () => {
    const { delay } = Hedge.optionsFromConfig({ ...KimiConfig.defaults, hedgeDelay: Duration.seconds(1) }) ?? {}
    assert.deepStrictEqual(delay, Duration.seconds(1))
  })
})
