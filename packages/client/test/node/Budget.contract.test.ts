import { describe, it } from "@effect/vitest"
import { BudgetContract } from "@kimi-effect/testing/contract"
import { Duration, Effect, Layer } from "effect"
import * as Budget from "../../src/node/Budget.ts"
import { folder } from "./support/files.ts"
import { reachable, ownPrefix, urlOf } from "./support/redis.ts"

describe("a budget in memory", () => {
  BudgetContract.suite(it, Budget.layerMemory)
})

describe("a budget in a SQLite file", () => {
  BudgetContract.suite(it, (settings) =>
    Layer.unwrap(Effect.map(folder, (path) => Budget.layerSqlite({ ...settings, path: `${path}/budget.db` })))
  )
})

describe.skipIf(!reachable)("a budget in Redis", () => {
  // Reservations expire by the clock of Redis.
  BudgetContract.suite(
    it,
    (settings) =>
      Layer.unwrap(
        Effect.map(ownPrefix, (keyPrefix) =>
          // A busy machine is no outage.
          Budget.layerRedis({ ...settings, url: urlOf(), keyPrefix, timeout: Duration.seconds(10) })
        )
      ),
    { clock: "Server" }
  )
})

describe("a budget that is off", () => {
  BudgetContract.suiteOff(it, Budget.layerOff)
})
