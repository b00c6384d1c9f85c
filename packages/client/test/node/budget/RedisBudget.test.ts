import { assert, describe, it } from "@effect/vitest"
import type { Hold } from "@kimi-effect/core/internal/Ledger"
import * as Budget from "@kimi-effect/core/Budget"
import { Context, Effect, Layer, Logger, Schedule } from "effect"
import * as Redis from "effect/persistence/Redis"
import * as RedisBudget from "../../../src/node/RedisBudget.ts"
import { connect, hasServer, privateRedis, reachable, uniquePrefix } from "../support/redis.ts"

const hold = (id: string): Hold => ({
  id,
  amount: 10n,
  claims: [{ scope: "USD total", cap: 100n, retainUntil: undefined }]
})

describe.skipIf(!reachable)("RedisBudget", () => {
  it.live("keeps budgets of another name apart, and all keys of one on one node", () =>
    Effect.gen(function* () {
      const prefix = uniquePrefix()
      const redis = yield* connect()
      const make = (name: string) =>
        Effect.provideService(RedisBudget.makeStore({ keyPrefix: prefix, name }), Redis.Redis, redis)
      const [a, b] = [yield* make("a"), yield* make("b")]
      yield* a.reserve(
        { ...hold("1"), claims: [{ scope: "USD day:1", cap: 100n, retainUntil: 4_102_444_800_000 }] },
        60_000
      )
      assert.deepStrictEqual(yield* b.scopeBalances, [])
      const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `${prefix}*`)
      assert.deepStrictEqual(
        keys.toSorted(),
        ["caps", "forget", "holds", "leases", "spent", "used"].map((key) => `${prefix}{a}:${key}`)
      )
      yield* redis.send("DEL", ...keys)
    })
  )
})

describe.skipIf(!hasServer)("RedisBudget without Redis", () => {
  it.live(
    "refuses calls while Redis is away, and goes on when it is back",
    () =>
      Effect.gen(function* () {
        const server = yield* privateRedis
        const redis = yield* connect(server.port)
        const services = yield* Layer.build(
          RedisBudget.layer({
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
