/** Texts that a model writes in place of arguments. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"

/** What the arguments should be. */
export const parameters = Schema.Struct({ path: Schema.String, mode: Schema.Literals(["read", "write"]) })

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

/** Members of the arguments themselves. The later `mode` of two would replace the other. */
const members = pieces.filter((piece) => piece.includes("polluted") && !piece.startsWith('"mode"'))

/** Every edit leaves text that is not JSON, or JSON that the parameters refuse. */
export const malformed = Effect.gen(function* () {
  let text = valid
  const edits = yield* Random.nextIntBetween(1, 5)
  // Valid JSON, whose members would change prototypes, is what a parser alone does not refuse.
  if ((yield* Random.nextIntBetween(0, 9)) === 0) {
    const member = members[yield* Random.nextIntBetween(0, members.length - 1)] ?? ""
    return `{${member},${valid.slice(1)}`
  }
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
export const isValid = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    const { mode, path } = value as { readonly mode?: unknown; readonly path?: unknown }
    return typeof path === "string" && (mode === "read" || mode === "write") && !/proto|constructor/.test(text)
  } catch {
    return false
  }
}
