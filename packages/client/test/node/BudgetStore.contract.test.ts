import { describe, it } from "@effect/vitest"
import * as Redis from "@kimi-effect/core/Redis"
import { BudgetStoreContract } from "@kimi-effect/testing/contract"
import { Effect, Layer } from "effect"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { connect, reachable, uniquePrefix } from "./support/redis.ts"
import { folder } from "./support/files.ts"

describe("the memory store of a budget", () => {
  BudgetStoreContract.suite(it, BudgetStore.layerMemory())
})

describe("the SQLite store of a budget", () => {
  BudgetStoreContract.suite(
    it,
    Layer.unwrap(Effect.map(folder, (path) => BudgetStore.layerSqlite({ path: `${path}/deep/budget.db` }))),
    { expiries: 2 }
  )
})

describe("the SQLite store of a budget that survives a loss of power", () => {
  BudgetStoreContract.suite(
    it,
    Layer.unwrap(
      Effect.map(folder, (path) => BudgetStore.layerSqlite({ path: `${path}/budget.db`, durability: "power" }))
    ),
    { expiries: 2 }
  )
})

/** A store with its own keys, which are removed at the end. */
const redisStore = Effect.gen(function* () {
  const keyPrefix = uniquePrefix()
  const redis = yield* connect()
  yield* Effect.addFinalizer(() =>
    Effect.ignore(
      Effect.flatMap(redis.send<ReadonlyArray<string>>("KEYS", `${keyPrefix}*`), (keys) => redis.send("DEL", ...keys))
    )
  )
  return Layer.effect(BudgetStore.BudgetStore, BudgetStore.makeRedis({ keyPrefix })).pipe(
    Layer.provide(Layer.succeed(Redis.Redis, redis))
  )
})

describe.skipIf(!reachable)("the Redis store of a budget", () => {
  // Leases expire by the clock of Redis.
  BudgetStoreContract.suite(it, Layer.unwrap(redisStore), { clock: "Server" })
})
