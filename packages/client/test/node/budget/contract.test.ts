import { it } from "@effect/vitest"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import { Effect } from "effect"
import * as Redis from "effect/persistence/Redis"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import * as RedisBudget from "../../../src/node/RedisBudget.ts"
import * as SqliteBudget from "../../../src/node/SqliteBudget.ts"
import { connect, reachable, uniquePrefix } from "../support/redis.ts"
import { contract } from "./support/contract.ts"
import { folder } from "./support/files.ts"

contract("Memory", BudgetStore.makeMemory(), TestClock.adjust)

contract(
  "SQLite",
  Effect.flatMap(folder, (path) => SqliteBudget.makeStore({ path: `${path}/deep/budget.db` })),
  TestClock.adjust
)

contract(
  "SQLite that survives the loss of power",
  Effect.flatMap(folder, (path) => SqliteBudget.makeStore({ path: `${path}/budget.db`, durability: "power" })),
  TestClock.adjust
)

describe.skipIf(!reachable)("on Redis", () => {
  contract(
    "Redis",
    Effect.gen(function* () {
      const prefix = uniquePrefix()
      const redis = yield* connect()
      yield* Effect.addFinalizer(() =>
        Effect.ignore(
          Effect.flatMap(redis.send<ReadonlyArray<string>>("KEYS", `${prefix}*`), (keys) => redis.send("DEL", ...keys))
        )
      )
      return yield* Effect.provideService(RedisBudget.makeStore({ keyPrefix: prefix }), Redis.Redis, redis)
    }),
    // Leases there go by the clock of Redis.
    (millis) => Effect.sleep(millis),
    it.live
  )
})
