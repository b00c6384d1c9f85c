import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Journal from "../../src/node/Journal.ts"
import { namesOf } from "./support/options.ts"

describe("options of Journal.layerSqlite", () => {
  it.effect.each([":memory:", "", " ", "a\0b"])("refuse %j, which is lost with the process or is no file", (filename) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesOf(Journal.layerSqlite({ filename })), ["Journal filename"])
    })
  )
})
