import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import * as ToolSet from "../../src/agent/ToolSet.ts"
import { providers } from "../../src/Provider.ts"

const count = runs({ deep: 50_000, sample: 2_000 })

const parameters = Schema.Struct({ path: Schema.String, mode: Schema.Literals(["read", "write"]) })
const jsonSchema = {
  type: "object",
  properties: { path: { type: "string" }, mode: { type: "string", enum: ["read", "write"] } },
  required: ["path", "mode"]
}
const kit = Toolkit.make(Tool.make("open", { parameters }), Tool.dynamic("remote", { parameters: jsonSchema }))

const valid = '{"path":"/tmp/a \\"b\\" \\u00e9","mode":"read"}'
const pieces = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ",",
  ":",
  "\\",
  "\\u",
  "null",
  "1e999",
  "-",
  "\u0000",
  "\ud800",
  "<|tool_call_end|>",
  "```json",
  '"path":"x"',
  '"__proto__":{"polluted":"yes"}',
  '"constructor":{"prototype":{"polluted":"yes"}}',
  '"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":"yes"}',
  '"mode":{"__proto__":{"polluted":"yes"}}',
  '{"path":'.repeat(300)
]

/** Every edit leaves text that is not JSON, or JSON that the parameters refuse. */
const malformed = Effect.gen(function* () {
  let text = valid
  const edits = yield* Random.nextIntBetween(1, 5)
  for (let edit = 0; edit < edits; edit++) {
    const at = yield* Random.nextIntBetween(0, text.length)
    const piece = pieces[yield* Random.nextIntBetween(0, pieces.length - 1)] ?? ""
    const kind = yield* Random.nextIntBetween(0, 2)
    text =
      kind === 0
        ? text.slice(0, at)
        : kind === 1
          ? text.slice(0, at) + piece + text.slice(at)
          : text.slice(0, at) + text.slice(at + 1)
  }
  return text
})

/** Whether the text is a valid call after all, by means of nothing of this library. */
const isValid = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    const { mode, path } = value as { readonly mode?: unknown; readonly path?: unknown }
    return typeof path === "string" && (mode === "read" || mode === "write") && !/proto|constructor/.test(text)
  } catch {
    return false
  }
}

describe("malformed arguments", () => {
  for (const name of ["open", "remote"]) {
    it.effect(`run no handler of ${name}`, () =>
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
      }).pipe(Random.withSeed(seedOf(`malformed arguments of ${name}`)))
    )
  }
})
