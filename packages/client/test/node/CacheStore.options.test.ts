import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { namesOf, untyped } from "./support/options.ts"

describe("options of CacheStore", () => {
  for (const [name, layer] of [
    ["layerSqlite", CacheStore.layerSqlite],
    ["layerFile", CacheStore.layerFile]
  ] as const) {
    it.effect(`need a path for ${name}`, () =>
      Effect.gen(function* () {
        for (const options of ["{}", '{ "path": " " }']) {
          assert.deepStrictEqual(yield* namesOf(layer(untyped(options))), ["CacheStore path"])
        }
      })
    )
  }
})
