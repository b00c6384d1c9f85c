import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ConfigWatch from "../../src/node/ConfigWatch.ts"
import { namesOf, untyped } from "./support/options.ts"

describe("options of ConfigWatch", () => {
  it.effect("are all named in one error", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesOf(ConfigWatch.layer(untyped('{ "json": 5, "debounce": "soon" }'))), [
        "ConfigWatch debounce",
        "ConfigWatch json"
      ])
    })
  )
})
