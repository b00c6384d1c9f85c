import { assert, describe, it } from "@effect/vitest"
import type { Hold } from "@kimi-effect/core/internal/Ledger"
import * as Budget from "@kimi-effect/core/Budget"
import { Context, Effect, Layer, Logger, Schedule } from "effect"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import * as Redis from "@kimi-effect/core/Redis"
import { connect, hasServer, privateRedis, reachable, uniquePrefix } from "./support/redis.ts"

const hold = (id: string): Hold => ({
  id,
  amount: 10n,
  claims: [{ scope: "USD total", cap: 100n, retainUntil: undefined }]
})

describe.skipIf(!reachable)("BudgetStore.layerRedis", () => {
  /** A budget `a` with one reservation, another one of the same prefix, and the keys in Redis. */
  const twoBudgets = Effect.gen(function* () {
    const prefix = uniquePrefix()
    const redis = yield* connect()
    const make = (name: string) =>
      Effect.provideService(BudgetStore.makeRedis({ keyPrefix: prefix, name }), Redis.Redis, redis)
    const [a, b] = [yield* make("a"), yield* make("b")]
    yield* a.reserve(
      { ...hold("1"), claims: [{ scope: "USD day:1", cap: 100n, retainUntil: 4_102_444_800_000 }] },
      60_000
    )
    const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `${prefix}*`)
    yield* Effect.addFinalizer(() => Effect.ignore(redis.send("DEL", ...keys)))
    return { b, keys, prefix }
  })

  it.live("separates budgets by their name", () =>
    Effect.gen(function* () {
      const { b } = yield* twoBudgets
      assert.deepStrictEqual(yield* b.scopeBalances, [])
    })
  )

  it.live("uses one hash tag for all keys of a budget", () =>
    Effect.gen(function* () {
      const { keys, prefix } = yield* twoBudgets
      assert.deepStrictEqual(
        keys.toSorted(),
        ["caps", "forget", "holds", "leases", "spent", "used"].map((key) => `${prefix}{a}:${key}`)
      )
    })
  )
})

describe.skipIf(!hasServer)("Budget.layerRedis during an outage", () => {
  it.live(
    "refuses calls only as long as Redis is unavailable",
    () =>
      Effect.gen(function* () {
        const server = yield* privateRedis
        const redis = yield* connect(server.port)
        const services = yield* Layer.build(
          Budget.layerRedis({
            keyPrefix: uniquePrefix(),
            caps: [{ amount: "100", currency: "USD" }],
            timeout: "300 millis"
          }).pipe(Layer.provide(Layer.succeed(Redis.Redis, redis)), Layer.provideMerge(Logger.layer([])))
        )
        const budget = Context.get(services, Budget.Budget)
        const open = Effect.scoped(
          budget.open({
            account: "moonshot",
            provider: "moonshot",
            request: { model: "kimi-k3", messages: [{ role: "user", content: "Hi" }], max_completion_tokens: 10 }
          })
        )
        yield* open
        yield* server.kill
        const error = yield* Effect.flip(open)
        assert.deepStrictEqual(
          [error._tag, error._tag === "BudgetStoreError" ? error.store : ""],
          ["BudgetStoreError", "redis"]
        )
        yield* server.restart
        yield* Effect.retry(open, { times: 100, schedule: Schedule.spaced("100 millis") })
      }),
    60_000
  )
})
