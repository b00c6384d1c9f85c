import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BudgetStore from "../../src/money/BudgetStore.ts"
import * as Redis from "../../src/Redis.ts"

const noRedis = Redis.Redis.of({ send: () => Effect.die("used"), run: () => Effect.die("used") })

describe("BudgetStore.makeRedis", () => {
  for (const options of [
    { name: "a{b}", keyPrefix: "a}" },
    { name: "", keyPrefix: "" }
  ]) {
    it.effect(`refuses ${JSON.stringify(options)}, whose keys would be on several nodes of a cluster`, () =>
      Effect.gen(function* () {
        const made = Effect.provideService(BudgetStore.makeRedis(options), Redis.Redis, noRedis)
        const error = yield* Effect.flip(made)
        assert.deepStrictEqual(
          error.issues.map(({ name }) => name),
          ["BudgetStore name", "BudgetStore keyPrefix"]
        )
      })
    )
  }
})

describe("BudgetStore.makeMemory", () => {
  it.effect("refuses a number of scopes that bounds nothing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(BudgetStore.makeMemory({ maxScopes: Number.NaN }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["BudgetStore maxScopes"]
      )
    })
  )
})
