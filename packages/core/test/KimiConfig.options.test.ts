import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Equal, Random, Redacted, Result } from "effect"
import * as KimiConfig from "../src/KimiConfig.ts"
import { env, json, printed, read, refused } from "./support/config.ts"
import { examples } from "./support/options.ts"

const names = Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>

/** The part of a table row that is the same for all. */
const rowOf = (
  name: KimiConfig.Name
): { readonly default: unknown; readonly expected: string; format(value: unknown): string } => KimiConfig.options[name]

const variables = (given: ReadonlyArray<KimiConfig.Name>): Record<string, string> => ({
  KIMI_API_KEY: "sk-1",
  ...Object.fromEntries(given.map((name) => [KimiConfig.variableName(name), examples[name].text]))
})

const valuesOf = (given: ReadonlyArray<KimiConfig.Name>) => ({
  ...KimiConfig.defaults,
  apiKey: Redacted.make("sk-1"),
  ...Object.fromEntries(given.map((name) => [name, examples[name].value]))
})

/** Rates of circuits on Redis need a window of calls, which is in another row. */
const conflicting: ReadonlySet<KimiConfig.Name> = new Set(["circuits"])

describe("the table of options", () => {
  for (const name of names) {
    const { text, unusable, value } = examples[name]
    const variable = KimiConfig.variableName(name)

    it.effect(`${variable} has its default`, () =>
      Effect.gen(function* () {
        const config = yield* read(env({ KIMI_API_KEY: "sk-1" }))
        if (name !== "apiKey") assert.isTrue(Equal.equals(config[name], rowOf(name).default))
      })
    )

    it.effect(`${variable} is read from the environment`, () =>
      Effect.gen(function* () {
        const config = yield* read(env(variables([name])))
        assert.isTrue(Equal.equals(config[name], value), rowOf(name).format(config[name]))
      })
    )

    it.effect(`${name} is read from a JSON document`, () =>
      Effect.gen(function* () {
        const config = yield* read(json({ apiKey: "sk-1", [name]: text }))
        assert.isTrue(Equal.equals(config[name], value))
      })
    )

    it.effect(`${name} is taken from code`, () =>
      Effect.gen(function* () {
        const config = yield* KimiConfig.make({ apiKey: Redacted.make("sk-1"), [name]: value })
        assert.isTrue(Equal.equals(config[name], value))
      })
    )

    it.effect(`${variable} reports its expected form without its value`, () =>
      Effect.gen(function* () {
        for (const text of unusable) {
          const { issues } = yield* refused(env({ KIMI_API_KEY: "sk-1", [variable]: text }))
          if (name === "fallback")
            assert.deepStrictEqual(
              issues.map((issue) => issue.name.slice(0, variable.length)),
              [variable]
            )
          else assert.deepStrictEqual(issues, [{ name: variable, expected: rowOf(name).expected }], text)
        }
      })
    )

    it.effect(`${name} is described`, () =>
      Effect.sync(() => {
        const { description, group, reload } = KimiConfig.options[name]
        assert.match(description, /^[A-Z`].*\.$/s)
        assert.include(["in place", "restart"], reload)
        assert.notStrictEqual(group, "")
      })
    )
  }

  it("formats defaults as a source accepts them", () => {
    for (const name of names) {
      const option: {
        readonly default: unknown
        fromSource(found: unknown): Result.Result<unknown, unknown>
        format(value: unknown): string
      } = KimiConfig.options[name]
      if (option.default === undefined || name === "cacheAlso") continue
      const again = option.fromSource(option.format(option.default))
      assert.isTrue(Result.isSuccess(again) && Equal.equals(again.success, option.default), name)
    }
  })

  it.effect("reads any subset of options from the environment with JSON", () =>
    Effect.gen(function* () {
      const free = names.filter((name) => !conflicting.has(name) && name !== "apiKey")
      for (let run = 0; run < 200; run++) {
        const given: Array<KimiConfig.Name> = []
        const members: Record<string, string> = {}
        for (const name of free) {
          const chance = yield* Random.nextIntBetween(0, 4)
          if (chance === 0) given.push(name)
          if (chance === 1) members[name] = examples[name].text
        }
        const inJson = Object.keys(members).filter((name): name is KimiConfig.Name => name in examples)
        const source = json({ apiKey: "sk-json", ...members })
        const config = yield* read(ConfigProvider.orElse(env(variables(given)), source))
        assert.isTrue(Equal.equals(config, valuesOf([...inJson, ...given])), [...given, ...inJson].join(", "))
      }
    }).pipe(Random.withSeed("subsets"))
  )

  it.effect("reports each invalid option of any subset once", () =>
    Effect.gen(function* () {
      const single = names.filter(
        (name) => examples[name].unusable.length > 0 && name !== "apiKey" && name !== "fallback"
      )
      for (let run = 0; run < 100; run++) {
        const wrong: Record<string, string> = { KIMI_API_KEY: "sk-1" }
        const expected: Array<string> = []
        for (const name of single) {
          if ((yield* Random.nextIntBetween(0, 8)) !== 0) continue
          const texts = examples[name].unusable
          wrong[KimiConfig.variableName(name)] = texts[yield* Random.nextIntBetween(0, texts.length - 1)] ?? ""
          expected.push(KimiConfig.variableName(name))
        }
        if (expected.length === 0) continue
        const { issues } = yield* refused(env(wrong))
        assert.deepStrictEqual(
          issues.map((issue) => issue.name),
          expected
        )
      }
    }).pipe(Random.withSeed("unusable"))
  )

  it.effect("shows no credentials of a Redis", () =>
    Effect.gen(function* () {
      const config = yield* read(env(variables(["limits", "circuits"])))
      assert.strictEqual(config.limits._tag, "Redis")
      for (const text of printed(config)) assert.notInclude(text, "canary-password")
      const error = yield* refused(env({ KIMI_API_KEY: "sk-1", KIMI_CACHE: "redis://:canary-password@" }))
      for (const text of [...printed(error), error.message]) assert.notInclude(text, "canary-password")
      assert.notInclude(KimiConfig.options.limits.format(config.limits), "canary")
    })
  )

  it.effect("accepts the text of stores or caps from code", () =>
    Effect.gen(function* () {
      const config = yield* KimiConfig.make({
        apiKey: Redacted.make("sk-1"),
        cache: "memory",
        budget: "5 USD",
        breakerWindow: "2 minutes",
        breakerOpenDuration: "7 seconds"
      })
      assert.deepStrictEqual(config.cache, { _tag: "Memory" })
      assert.deepStrictEqual(config.budget, [{ amount: "5", currency: "USD" }])
      assert.deepStrictEqual(config.breakerWindow, { _tag: "Time", millis: 120_000 })
      assert.deepStrictEqual(config.breakerOpenDuration, Duration.seconds(7))
    })
  )

  it("gives every option a separate variable", () => {
    assert.strictEqual(new Set(names.map(KimiConfig.variableName)).size, names.length)
  })
})

describe("options that contradict each other", () => {
  const issuesOf = (given: Record<string, string>) =>
    Effect.map(refused(env({ KIMI_API_KEY: "sk-1", ...given })), ({ issues }) => issues)

  it.effect("more minimum calls than the window has", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf({ KIMI_BREAKER_WINDOW: "10 calls" }), [
        { name: "KIMI_BREAKER_MINIMUM_CALLS", expected: "at most the number of calls of KIMI_BREAKER_WINDOW" }
      ])
    })
  )

  it.effect("a failure rate over a time on Redis", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* issuesOf({ KIMI_CIRCUITS: "redis://localhost", KIMI_BREAKER_FAILURE_RATE: "0.5" }),
        [
          {
            name: "KIMI_BREAKER_FAILURE_RATE",
            expected:
              'a number of calls in KIMI_BREAKER_WINDOW, such as "100 calls", because circuits on Redis have no window of time'
          }
        ]
      )
    })
  )

  it.effect("slow calls on Redis", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf({ KIMI_CIRCUITS: "redis://localhost", KIMI_BREAKER_SLOW_RATE: "0.5" }), [
        { name: "KIMI_BREAKER_SLOW_RATE", expected: "no slow rate, which circuits on Redis do not have" }
      ])
    })
  )

  it.effect("circuits on Redis that nothing opens", () =>
    Effect.gen(function* () {
      const [issue] = yield* issuesOf({ KIMI_CIRCUITS: "redis://localhost", KIMI_BREAKER_FAILURES: "off" })
      assert.strictEqual(issue?.name, "KIMI_BREAKER_FAILURES")
    })
  )

  it.effect("a response that is stale after it is gone", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf({ KIMI_CACHE_STALE_AFTER: "2 days" }), [
        { name: "KIMI_CACHE_STALE_AFTER", expected: "less than KIMI_CACHE_TIME_TO_LIVE" }
      ])
    })
  )

  it.effect("a cached response that is larger than the memory", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf({ KIMI_CACHE_MAX_BYTES: "1 MiB", KIMI_CACHE_MAX_ENTRY_BYTES: "2 MiB" }), [
        { name: "KIMI_CACHE_MAX_ENTRY_BYTES", expected: "at most KIMI_CACHE_MAX_BYTES" }
      ])
      const small = yield* read(env({ KIMI_API_KEY: "sk-1", KIMI_CACHE_MAX_BYTES: "1 MiB" }))
      assert.strictEqual(small.cacheMaxBytes, 1024 * 1024)
    })
  )
})
