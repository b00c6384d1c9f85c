import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import * as ToolSet from "../../src/agent/ToolSet.ts"
import { providers } from "../../src/Provider.ts"
import { isValid, malformed, parameters } from "./support/malformedArguments.ts"

const count = runs({ deep: 50_000, sample: 2_000 })

const jsonSchema = {
  type: "object",
  properties: { path: { type: "string" }, mode: { type: "string", enum: ["read", "write"] } },
  required: ["path", "mode"]
}
const kit = Toolkit.make(Tool.make("open", { parameters }), Tool.dynamic("remote", { parameters: jsonSchema }))

describe("malformed arguments", () => {
  for (const name of ["open", "remote"]) {
    it.effect(
      `run no handler of ${name}`,
      () =>
        Effect.gen(function* () {
          let calls = 0
          let expected = 0
          const handler = () => Effect.sync(() => void calls++)
          const layer = kit.toLayer({ open: handler, remote: handler })
          const set = yield* Effect.provide(ToolSet.make(kit, { provider: providers.moonshot }), layer)
          for (let index = 0; index < count; index++) {
            const text = yield* malformed
            if (isValid(text)) expected++
            const run = Effect.flatMap(set.decode({ name, arguments: text, callId: "1" }), (call) => set.run(call))
            const error = yield* run.pipe(
              Effect.as(undefined),
              Effect.catch((failure) => Effect.succeed(failure))
            )
            if (error !== undefined) assert.strictEqual(error._tag, "ToolArgumentsError", text)
          }
          assert.strictEqual(calls, expected)
          assert.isBelow(expected, count / 2)
          assert.isUndefined(({} as { readonly polluted?: string }).polluted)
          assert.isUndefined((Object as { readonly polluted?: string }).polluted)
        }).pipe(Random.withSeed(seedOf(`malformed arguments of ${name}`))),
      600_000
    )
  }
})
