/** Caps per day, week and month while time passes, in every store. */
import { assert, describe, it } from "@effect/vitest"
import * as AccountingStage from "@kimi-effect/core/AccountingStage"
import type { Call } from "@kimi-effect/core/Call"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as CoreRedis from "@kimi-effect/core/Redis"
import { BigDecimal, Context, Deferred, Effect, Fiber, Layer } from "effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Budget from "../../src/node/Budget.ts"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { responseOf, usageOf } from "../support/responses.ts"
import { folder } from "./support/files.ts"
import { connect, reachable, uniquePrefix } from "./support/redis.ts"

type Store = BudgetStore.BudgetStore["Service"]

const model = "dollar-a-token"
const prices = PriceTable.layer({
  models: [{ model, provider: "host", currency: "USD", cacheMiss: "0", output: "1000000" }]
})

const call: Call = {
  account: "account",
  provider: "host",
  request: { model, messages: [{ role: "user", content: "Hi" }], max_completion_tokens: 60 }
}

const periods = ["day", "week", "month"] as const

/** A budget of 100 dollars per period in a store, as each of several processes has one. */
const budgetOn = (store: Store, per: (typeof periods)[number], timeZone?: string) =>
  Effect.map(
    Layer.build(
      Budget.layerStore({ caps: [{ amount: "100", currency: "USD", per: [per] }], timeZone, maxWait: "off" }).pipe(
        Layer.provide([prices, Layer.succeed(BudgetStore.BudgetStore, store)])
      )
    ),
    (services) => Context.get(services, Budget.Budget)
  )

/** A call that costs 60 dollars, or the tag of its error. The host answers after `work`. */
const ask = (budget: Budget.Budget["Service"], work: Effect.Effect<void> = Effect.void) =>
  budget
    .stage()
    .effect(
      AccountingStage.withAccounting(undefined)(() => Effect.as(work, responseOf({ model, usage: usageOf(10, 60) })))
    )(call)
    .pipe(Effect.match({ onSuccess: () => "answered", onFailure: ({ _tag }): string => _tag }))

const spent = (budget: Budget.Budget["Service"]) =>
  Effect.map(Effect.orDie(budget.state), (lines) =>
    lines
      .map(({ reserved, scope, spent }) => `${scope} ${BigDecimal.format(spent)}+${BigDecimal.format(reserved)}`)
      .toSorted()
  )

interface Boundary {
  readonly per: (typeof periods)[number]
  readonly timeZone: string
  readonly at: string
  readonly scopes: readonly [string, string]
}

const boundaries: ReadonlyArray<Boundary> = [
  { per: "day", timeZone: "UTC", at: "2028-02-29T00:00:00Z", scopes: ["day:2028-02-28", "day:2028-02-29"] },
  { per: "day", timeZone: "Europe/Berlin", at: "2027-03-28T22:00:00Z", scopes: ["day:2027-03-28", "day:2027-03-29"] },
  { per: "day", timeZone: "Europe/Berlin", at: "2027-10-31T23:00:00Z", scopes: ["day:2027-10-31", "day:2027-11-01"] },
  { per: "week", timeZone: "America/New_York", at: "2027-03-15T04:00:00Z", scopes: ["week:2027-W10", "week:2027-W11"] },
  { per: "week", timeZone: "UTC", at: "2027-01-04T00:00:00Z", scopes: ["week:2026-W53", "week:2027-W01"] },
  { per: "month", timeZone: "UTC", at: "2028-03-01T00:00:00Z", scopes: ["month:2028-02", "month:2028-03"] },
  { per: "month", timeZone: "Asia/Tokyo", at: "2027-02-28T15:00:00Z", scopes: ["month:2027-02", "month:2027-03"] }
]

const suite = (make: Effect.Effect<Store, unknown, Scope.Scope>): void => {
  for (const { at, per, scopes, timeZone } of boundaries) {
    it.effect(`resets the cap per ${per} in ${timeZone} at ${at}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse(at) - 1)
        const budget = yield* budgetOn(yield* make, per, timeZone)
        assert.strictEqual(yield* ask(budget), "answered")
        assert.strictEqual(yield* ask(budget), "BudgetExceededError")
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* ask(budget), "answered")
        assert.strictEqual(yield* ask(budget), "BudgetExceededError")
        assert.deepStrictEqual(
          yield* spent(budget),
          scopes.map((scope) => `${scope} 60+0`)
        )
      })
    )
  }

  it.effect("counts a call that runs over midnight on the day on which it began", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2027-02-28T23:59:59Z"))
      const budget = yield* budgetOn(yield* make, "day")
      const hasBegun = yield* Deferred.make<void>()
      const work = Effect.andThen(Deferred.succeed(hasBegun, undefined), Effect.sleep("2 seconds"))
      const running = yield* Effect.forkChild(ask(budget, work))
      yield* Deferred.await(hasBegun)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(running), "answered")
      assert.deepStrictEqual(yield* spent(budget), ["day:2027-02-28 60+0"])
      assert.strictEqual(yield* ask(budget), "answered")
    })
  )

  it.effect("counts the calls of clients in different zones in the period of the same date", () =>
    Effect.gen(function* () {
      // 4 May in New York and 5 May in Berlin.
      yield* TestClock.setTime(Date.parse("2027-05-04T23:30:00Z"))
      const store = yield* make
      const [berlin, newYork] = [
        yield* budgetOn(store, "day", "Europe/Berlin"),
        yield* budgetOn(store, "day", "America/New_York")
      ]
      assert.strictEqual(yield* ask(newYork), "answered")
      assert.strictEqual(yield* ask(berlin), "answered")
      // 5 May in both.
      yield* TestClock.adjust("6 hours")
      assert.strictEqual(yield* ask(newYork), "BudgetExceededError")
      assert.strictEqual(yield* ask(berlin), "BudgetExceededError")
      assert.deepStrictEqual(yield* spent(berlin), ["day:2027-05-04 60+0", "day:2027-05-05 60+0"])
    })
  )
}

describe("a budget in memory", () => suite(Effect.orDie(BudgetStore.makeMemory())))

describe("a budget in a file", () =>
  suite(Effect.flatMap(folder, (path) => BudgetStore.makeSqlite({ path: `${path}/budget.db` }))))

describe.skipIf(!reachable)("a budget in Redis", () =>
  suite(
    Effect.gen(function* () {
      const keyPrefix = uniquePrefix()
      const redis = yield* connect()
      yield* Effect.addFinalizer(() =>
        Effect.ignore(
          Effect.flatMap(redis.send<ReadonlyArray<string>>("KEYS", `${keyPrefix}*`), (keys) =>
            redis.send("DEL", ...keys)
          )
        )
      )
      return yield* Effect.provideService(BudgetStore.makeRedis({ keyPrefix }), CoreRedis.Redis, redis)
    })
  )
)
