import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { schemas } from "../../src/schemas/schemas.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi schema", () => {
  it.live("prints a JSON Schema for each command", () =>
    Effect.forEach(Object.keys(schemas), (name) =>
      Effect.map(runKimi(["schema", name]), ({ code, stdout }) => {
        assert.strictEqual(code, 0, name)
        assert.include(JSON.parse(stdout).$schema, "2020-12")
      })
    )
  )

  it.live("fails for another name", () =>
    Effect.map(runKimi(["schema", "none"]), ({ code }) => assert.strictEqual(code, 1))
  )
})
