import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runKimi } from "./runKimi.ts"

describe("kimi", () => {
  it.live("writes usage errors to stderr alone", () =>
    Effect.map(runKimi(["models", "--jsn"]), ({ code, stderr, stdout }) => {
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, "--json")
    })
  )

  it.live("writes completions of every command", () =>
    Effect.map(runKimi(["--completions", "bash"]), ({ stdout }) => assert.include(stdout, "serve-mock"))
  )
})
