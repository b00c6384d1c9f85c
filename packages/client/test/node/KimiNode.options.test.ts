import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { namesOf, untyped } from "./support/options.ts"

const planOf = (fallback: string) =>
  namesOf(KimiNode.layer({ apiKey: Redacted.make("sk-a") }, untyped(`{ "fallback": ${fallback} }`)))

describe("a fallback plan in the options of KimiNode", () => {
  it.effect("must have no unknown members, since a misspelt one would have no effect", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* planOf('[{ "modle": "kimi-k2.6" }, { "model": "kimi-k2.6", "on": "OverloadedError" }]'),
        ["steps[0].modle", "steps[1].on"]
      )
    })
  )

  it.effect("must have steps that are objects", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* planOf('[{ "model": "kimi-k2.6" }, null]'), ["steps[1]"])
    })
  )

  it.effect("must be a list", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* planOf("{}"), ["steps"])
    })
  )
})
