import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Budget from "../../src/node/Budget.ts"
import { namesOf, untyped } from "./support/options.ts"

const caps = [{ amount: "1", currency: "USD" }] as const

describe("options of Budget.layerSqlite", () => {
  for (const path of [":memory:", "", " ", "a\0b"]) {
    it.effect(`refuse ${JSON.stringify(path)}, which is lost with the process or is no file`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* namesOf(Budget.layerSqlite({ path, caps })), ["BudgetStore path"])
      })
    )
  }

  it.effect("are all named in one error", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesOf(Budget.layerSqlite(untyped('{ "caps": [], "durability": "disk" }'))), [
        "BudgetStore path",
        "BudgetStore durability"
      ])
    })
  )
})
