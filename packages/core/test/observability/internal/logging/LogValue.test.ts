import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Option, Redacted, Schema } from "effect"
import { lineOf, linesOf, parse } from "../../support/lines.ts"

const shown = (value: unknown) => Effect.map(lineOf(Effect.log(value)), (line) => line["message"])

const circular = (): unknown => {
  const one: Record<string, unknown> = { name: "one" }
  one["self"] = one
  one["list"] = [one, { one }]
  return one
}

const throwing = {
  get member(): never {
    throw new Error("no")
  }
}

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const nested = (depth: number): unknown => (depth === 0 ? "bottom" : { in: nested(depth - 1) })
const sparse = (): ReadonlyArray<unknown> => Object.assign([], { length: 4_000_000_000 })

const hostile: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["a cycle", circular(), { name: "one", self: "<circular>", list: ["<circular>", { one: "<circular>" }] }],
  ["a getter that throws", { throwing, ok: 1 }, { throwing: { member: "<unreadable>" }, ok: 1 }],
  ["a revoked proxy", [revoked()], ["<unreadable>"]],
  ["a function that makes JSON and throws", [{ toJSON: () => JSON.parse("{") }], ["<unreadable>"]],
  ["big integers", [10n, 10n ** 5000n], ["10", "<a very large integer>"]],
  ["numbers that JSON has not", [Number.NaN, -Infinity], ["NaN", "-Infinity"]],
  ["nothing", [undefined, null, { nothing: undefined }], [null, null, {}]],
  ["functions and symbols", [() => 1, Symbol("s")], ["<function>", "Symbol(s)"]],
  ["half characters", ["\ud800 and \udc00"], ["\ufffd and \ufffd"]],
  ["ends of lines", ["a\nb\r\u2028\u2029\u0085"], ["a\nb\r\u2028\u2029\u0085"]],
  ["the name of a prototype", [JSON.parse('{"__proto__":{"a":1}}')], [JSON.parse('{"__proto__":{"a":1}}')]],
  ["no prototype", [Object.create(null)], [{}]],
  ["no date", [new Date(Number.NaN), new Date(0)], ["Invalid Date", "1970-01-01T00:00:00.000Z"]],
  ["an address", [new URL("https://user:pass@host/path?key=1#2")], ["https://host/path"]],
  ["bytes", [new Uint8Array(5_000_000), new ArrayBuffer(3)], ["<5000000 bytes>", "<3 bytes>"]],
  ["maps and sets", [new Map([["content", 1]]), new Set([1])], [[["content", "<hidden>"]], [1]]],
  ["values of Effect", [Option.some(1), Option.none(), Redacted.make("x")], [1, null, "<redacted>"]],
  ["decimals", [BigDecimal.fromStringUnsafe("0.10"), BigDecimal.make(1n, -1_000_000_000)], ["0.1", "1e+1000000000"]]
]

describe("LogValue", () => {
  it.effect.each(hostile)("shows %s", ([, value, expected]) =>
    Effect.gen(function* () {
      const message = yield* shown({ value })
      assert.deepStrictEqual(JSON.stringify(message), JSON.stringify({ value: expected }))
    })
  )

  it.effect("notes how much of a large value is omitted", () =>
    Effect.gen(function* () {
      const list = (yield* shown([1, ...Array.from({ length: 99 }, () => "x")])) as Array<unknown>
      assert.deepStrictEqual([list.length, list[0], list.at(-1)], [65, 1, "<36 more>"])
      const object = (yield* shown(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, i])))) as object
      assert.deepStrictEqual(Object.entries(object).at(-1), ["…", "<36 more>"])
      assert.match(JSON.stringify(yield* shown(sparse())), /<3999999936 more>"\]$/)
      assert.include(JSON.stringify(yield* shown(nested(30))), '"<too deep>"')
      assert.strictEqual(((yield* shown("x".repeat(5_000_000))) as string).length, 4_097)
    })
  )

  it.effect.prop(
    "encodes any value as one JSON line, unchanged if nothing is omitted",
    [Schema.Json, Schema.String, Schema.Unknown],
    ([json, text, unknown]) =>
      Effect.gen(function* () {
        const program = Effect.log(text, json, unknown).pipe(Effect.annotateLogs({ [text]: json, unknown, json }))
        for (const line of yield* linesOf(program)) parse(line)
        for (const line of yield* linesOf(program, {}, "pretty")) assert.notMatch(line, /[\p{Cc}\p{Zl}\p{Zp}]/u)
        assert.strictEqual(yield* shown(text), text.toWellFormed())
      })
  )
})
