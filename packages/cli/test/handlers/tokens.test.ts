import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi tokens", () => {
  it.live("estimates without a key", () =>
    Effect.map(runKimi(["tokens", "Hello", "--json"]), ({ stdout }) => {
      assert.deepStrictEqual(decoded("tokens", stdout), { tokens: 86, model: "kimi-k3", source: "estimate" })
    })
  )
})
