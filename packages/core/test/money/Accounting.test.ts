import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import * as Accounting from "../../src/money/Accounting.ts"
import * as Cost from "../../src/money/Cost.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import { responseOf } from "../support/responses.ts"

const usageOf = (prompt: number, completion: number, cached = 0) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  cached_tokens: cached,
  cache_write_tokens: 0,
  reasoning_tokens: 0
})

const noTags = { tenant: "", job: "", agent: "" }

const attempt = (members: Partial<Accounting.AttemptUsage> = {}): Accounting.AttemptUsage => ({
  account: "moonshot",
  provider: "moonshot",
  model: "kimi-k2.5",
  outcome: "succeeded",
  usage: usageOf(1_000, 100),
  isEstimate: false,
  ...members
})

/** The costs of all entries. */
const costsOf = (accounting: Accounting.Accounting["Service"]) =>
  Effect.map(accounting.entries, (entries) =>
    entries.map(({ cost }) => Option.getOrUndefined(Option.map(cost, Cost.format)))
  )

const amounts = (by: Accounting.AmountsByCurrency) =>
  Object.fromEntries([...by].map(([currency, amount]) => [currency, BigDecimal.format(BigDecimal.normalize(amount))]))

const totals = (total: Accounting.Total) => ({
  costs: amounts(total.costs),
  savedByHosts: amounts(total.savedByHosts),
  savedByCache: amounts(total.savedByCache),
  attempts: total.attempts,
  cached: total.cached,
  unpriced: total.unpriced
})

describe("Accounting", () => {
  it.effect("has an entry for each combination of tags", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 1))
      const accounting = yield* Accounting.make
      yield* accounting.record(attempt())
      yield* accounting.record(attempt({ tags: { ...noTags, tenant: "acme", job: "x" } }))
      yield* accounting.record(attempt({ tags: { ...noTags, tenant: "acme", job: "y" } }))
      yield* accounting.record(attempt({ tags: { ...noTags, tenant: "globex", agent: "a" } }))
      const entries = yield* accounting.entries
      assert.strictEqual(entries.length, 4)
      // 1,000 x 0.60 + 100 x 3.00 = 900 millionths
      const by = (tag: "tenant" | "job" | "agent") =>
        [...Accounting.totalBy(entries, tag)].map(([name, { costs }]) => [name, amounts(costs)["USD"]])
      assert.deepStrictEqual(by("tenant"), [
        ["", "0.0009"],
        ["acme", "0.0018"],
        ["globex", "0.0009"]
      ])
      assert.deepStrictEqual(by("job"), [
        ["", "0.0018"],
        ["x", "0.0009"],
        ["y", "0.0009"]
      ])
      assert.deepStrictEqual(by("agent"), [
        ["", "0.0027"],
        ["a", "0.0009"]
      ])
    })
  )

  it.effect("reports what caches saved apart from costs", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 1))
      const accounting = yield* Accounting.make
      // 400 x 0.10 + 600 x 0.60 + 100 x 3.00 = 700; 400 x 0.50 = 200 saved
      yield* accounting.record(attempt({ usage: usageOf(1_000, 100, 400) }))
      // 400 x 0.70 + 600 x 4 + 100 x 21 = 4780 fen; 400 x 3.30 = 1320 saved
      yield* accounting.record(attempt({ provider: "moonshot-cn", usage: usageOf(1_000, 100, 400) }))
      yield* accounting.record(attempt({ model: "strange" }))
      const response = responseOf("hi", { model: "kimi-k2.5", usage: usageOf(1_000, 100, 1_000) })
      const host = { account: "moonshot", provider: "moonshot", request: { model: "kimi-k2.5", messages: [] } }
      const cached = Option.getOrThrow(Accounting.fromCachedResponse(response, host, noTags))
      assert.isFalse(cached.isEstimate)
      // 1,000 x 0.10 + 100 x 3.00 = 400 saved
      yield* accounting.record(cached)
      yield* accounting.record(cached)
      assert.deepStrictEqual(totals(Accounting.total(yield* accounting.entries)), {
        costs: { USD: "0.0007", CNY: "0.00478" },
        savedByHosts: { USD: "0.0002", CNY: "0.00132" },
        savedByCache: { USD: "0.0008" },
        attempts: 3,
        cached: 2,
        unpriced: 1
      })
      const { usage: _, ...silent } = response
      assert.isTrue(Option.isNone(Accounting.fromCachedResponse(new ChatResponse(silent), host, noTags)))
    })
  )

  it.effect("prices writes to caches of each lifetime in one entry", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 8, 1))
      const accounting = yield* Accounting.make
      const written = { ...usageOf(1_000, 100), cache_write_tokens: 1_000 }
      yield* accounting.record(attempt({ model: "kimi-k3", usage: written }))
      yield* accounting.record(attempt({ model: "kimi-k3", usage: { ...written, oneHourCacheWrites: 1_000 } }))
      // 1,000 x 3 + 1,000 x 6 + 200 x 15
      assert.deepStrictEqual(yield* costsOf(accounting), ["$0.012"])
    })
  )

  it.effect("prices batches with their discount", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 1))
      const accounting = yield* Accounting.make
      yield* accounting.record(attempt({ isBatch: true }))
      // 900 x 0.6
      assert.deepStrictEqual(yield* costsOf(accounting), ["$0.00054"])
    })
  )

  it.effect("prices host tools per call", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 1))
      const accounting = yield* Accounting.make
      const searched = { ...usageOf(0, 0), toolCalls: new Map([["$web_search", 3]]) }
      yield* accounting.record(attempt({ usage: searched }))
      yield* accounting.record(attempt({ usage: searched }))
      // 6 x 0.005
      assert.deepStrictEqual(yield* costsOf(accounting), ["$0.03"])
    })
  )

  it.effect("keeps all costs when it is full, for any number of names", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 1))
      const small = yield* Accounting.makeWith({ maxEntries: 8 })
      const large = yield* Accounting.makeWith({ maxEntries: 1_000_000 })
      const outcomes = ["succeeded", "failed", "cached"] as const
      for (let i = 0; i < 3_000; i += 1) {
        const one = attempt({
          tags: { ...noTags, tenant: `tenant ${(i * 7) % 400}` },
          outcome: outcomes[i % 3] ?? "succeeded",
          isEstimate: i % 3 === 1,
          provider: i % 5 === 0 ? "moonshot-cn" : "moonshot",
          model: i % 11 === 0 ? "strange" : "kimi-k2.5",
          usage: usageOf(1_000 + i, i, i % 700)
        })
        yield* small.record(one)
        yield* large.record(one)
        if (i % 500 === 0) yield* TestClock.adjust("1 day")
      }
      const kept = yield* small.entries
      assert.isAtMost(kept.length, 8 + 9)
      assert.deepStrictEqual(totals(Accounting.total(kept)), totals(Accounting.total(yield* large.entries)))
      const tokens = (entries: ReadonlyArray<Accounting.Entry>) =>
        entries.reduce((sum, { usage }) => sum + usage.total_tokens, 0)
      assert.strictEqual(tokens(kept), tokens(yield* large.entries))
    })
  )

  it.effect("prices the entry that it merges by the prices of the fiber", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 1))
      const accounting = yield* Accounting.makeWith({ maxEntries: 1 })
      const own = { model: "mine", provider: "moonshot", currency: "USD", cacheMiss: "1.00", output: "2.00" } as const
      const prices = yield* PriceTable.make({ models: [own] })
      yield* Effect.provideService(accounting.record(attempt({ model: "mine" })), PriceTable.PriceTable, prices)
      yield* Effect.provideService(accounting.record(attempt()), PriceTable.PriceTable, prices)
      assert.deepStrictEqual(yield* costsOf(accounting), ["$0.0012", "$0.0009"])
    })
  )

  it.effect("also records the usage of some calls elsewhere", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 1))
      const client = yield* Accounting.make
      const job = yield* Accounting.make
      const call = yield* Accounting.make
      const one = Accounting.recordUsage(client, attempt())
      yield* one
      yield* Accounting.recordTo(job)(
        Effect.andThen(one, Accounting.recordTo(call)(Effect.andThen(one, Effect.exit(one))))
      )
      const costs = (accounting: typeof client) =>
        Effect.map(accounting.entries, (entries) => amounts(Accounting.total(entries).costs)["USD"])
      assert.deepStrictEqual(
        [yield* costs(client), yield* costs(job), yield* costs(call)],
        ["0.0036", "0.0027", "0.0018"]
      )
    })
  )
})
