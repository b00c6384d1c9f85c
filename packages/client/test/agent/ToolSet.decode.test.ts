import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ToolSet from "../../src/agent/ToolSet.ts"
import { providers } from "../../src/Provider.ts"
import { Received, call, moonshot, one, toolOf, use, weather, weatherKit } from "./support/tools.ts"

describe("ToolSet.decode", () => {
  const set = Effect.provide(ToolSet.make(weatherKit, moonshot), weather)
  const decode = (args: string, name = "get_weather") =>
    Effect.flatMap(set, ({ decode }) => decode(call(name, args))).pipe(Effect.provideService(Received, []))

  it.effect("returns the arguments in the type of the parameters", () =>
    Effect.gen(function* () {
      const { input } = yield* decode('{"location":"Paris","at":"2026-01-02T00:00:00Z"}')
      assert.deepStrictEqual(input, { location: "Paris", at: DateTime.makeUnsafe("2026-01-02T00:00:00Z") })
    })
  )

  it.effect("fails for a name that no tool has", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decode("{}", "toString"))
      assert.deepInclude(error, { _tag: "ToolNotFoundError", tool: "toString", available: ["get_weather"] })
    })
  )

  const invalid: ReadonlyArray<readonly [args: string, path: string | undefined, message: string]> = [
    ["secret", undefined, "The arguments of the tool get_weather are not JSON"],
    ['{"location":"secret"}{"location":"secret"}', undefined, "The arguments of the tool get_weather are not JSON"],
    ['["secret"]', undefined, "The arguments of the tool get_weather are not a JSON object"],
    ["", "location", "The arguments of the tool get_weather do not match its parameters: location: Missing key"],
    [
      '{"location":3}',
      "location",
      "The arguments of the tool get_weather do not match its parameters: location: Expected string"
    ],
    [
      '{"location":"secret","at":"secret"}',
      "at",
      "The arguments of the tool get_weather do not match its parameters: at: Expected a valid value"
    ],
    [
      `{"location":${"[".repeat(300)}${"]".repeat(300)}}`,
      undefined,
      "The arguments of the tool get_weather are nested deeper than 256 levels"
    ]
  ]
  for (const [args, path, message] of invalid) {
    it.effect(`reports ${args.slice(0, 40)} without repeating it`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(decode(args))
        assert.strictEqual(error._tag, "ToolArgumentsError")
        assert.strictEqual(error.message, message)
        assert.strictEqual(error._tag === "ToolArgumentsError" ? error.path : "", path)
        assert.notInclude(JSON.stringify(error), "secret")
      })
    )
  }

  for (const args of [
    '{"location":"Paris","__proto__":{"polluted":1}}',
    '{"location":"Paris","\\u005f_proto__":{"polluted":1}}',
    '{"location":"Paris","x":[{"constructor":{"prototype":{"polluted":1}}}]}'
  ]) {
    it.effect(`refuses ${args.slice(20)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(decode(args))
        assert.include(error.message, "which no tool may receive")
      })
    )
  }

  it.effect("hides names that the model chose in the path", () =>
    Effect.gen(function* () {
      const tool = Tool.make("record", { parameters: Schema.Struct({ r: Schema.Record(Schema.String, Schema.Int) }) })
      const set = yield* one(tool, () => Effect.void)
      const error = yield* Effect.flip(set.decode(call("record", '{"r":{"secret":"x"}}')))
      assert.propertyVal(error, "path", "r.*")
    })
  )

  it.effect("uses the message that the schema gives, not one that is made of the value", () =>
    Effect.gen(function* () {
      const noSecret = Schema.String.check(Schema.makeFilter((text) => `${text} is wrong`))
      const tool = Tool.make("filtered", { parameters: Schema.Struct({ a: noSecret }) })
      const set = yield* one(tool, () => Effect.void)
      const error = yield* Effect.flip(set.decode(call("filtered", '{"a":"secret"}')))
      assert.notInclude(error.message, "secret")
    })
  )

  describe("with a JSON Schema", () => {
    const parameters = {
      type: "object",
      properties: { q: { type: "string", maxLength: 3 }, list: { type: "array", items: { type: "integer" } } },
      required: ["q"],
      additionalProperties: false
    }
    const tool = Tool.dynamic("remote", { parameters, success: Schema.Unknown })
    const rows: ReadonlyArray<readonly [args: string, path: string]> = [
      ["{}", "q"],
      ['{"q":1}', "q"],
      ['{"q":"long text"}', "q"],
      ['{"q":"a","list":[1,"x"]}', "list.1"],
      ['{"q":"a","other":1}', "*"]
    ]
    for (const [args, path] of rows) {
      it.effect(`refuses ${args}`, () =>
        Effect.gen(function* () {
          const set = yield* one(tool, () => Effect.void)
          const error = yield* Effect.flip(set.decode(call("remote", args)))
          assert.propertyVal(error, "path", path)
        })
      )
    }

    const passed: ReadonlyArray<readonly [name: string, args: string]> = [
      ["of as many characters as allowed, which take two units each", '{"q":"😀😀😀"}'],
      [
        "with more items than levels are allowed",
        JSON.stringify({ q: "a", list: Array.from({ length: 1_200 }, () => 1) })
      ]
    ]
    for (const [name, args] of passed) {
      it.effect(`accepts arguments ${name}`, () =>
        Effect.gen(function* () {
          const set = yield* one(tool, () => Effect.void)
          assert.deepStrictEqual<unknown>((yield* set.decode(call("remote", args))).json, JSON.parse(args))
        })
      )
    }

    it.effect.each([
      [256, true],
      [257, false]
    ] as const)("decides about %i levels of lists: %s", ([levels, isAccepted]) =>
      Effect.gen(function* () {
        const nested = Tool.dynamic("nested", { parameters: { type: "object", properties: { a: { type: "array" } } } })
        const set = yield* one(nested, () => Effect.void)
        const args = `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`
        assert.strictEqual((yield* Effect.result(set.decode(call("nested", args))))._tag === "Success", isAccepted)
      })
    )

    it.effect.each([
      ['{"one":true}', "one"],
      ['{"referred":"x"}', "referred"],
      ['{"one":1,"referred":2}', undefined]
    ] as const)("checks the keywords that other hosts get unchanged: %s", ([args, path]) =>
      Effect.gen(function* () {
        const properties = {
          one: { oneOf: [{ type: "string" }, { $ref: "#/$defs/N" }] },
          referred: { $ref: "#/$defs/N" }
        }
        const kit = Toolkit.make(
          Tool.dynamic("elsewhere", { parameters: { type: "object", properties, $defs: { N: { type: "integer" } } } })
        )
        const made = ToolSet.make(kit, { provider: providers.together })
        const set = yield* Effect.provide(made, kit.toLayer({ elsewhere: () => Effect.void }))
        const decoded = yield* Effect.result(set.decode(call("elsewhere", args)))
        assert.strictEqual(
          decoded._tag === "Failure" && "path" in decoded.failure ? decoded.failure.path : undefined,
          path
        )
      })
    )

    it.effect("passes valid arguments to the handler", () =>
      Effect.gen(function* () {
        const set = yield* one(tool, (input) => Effect.succeed(input))
        assert.deepStrictEqual((yield* use(set, "remote", '{"q":"a","list":[1]}')).result, { q: "a", list: [1] })
      })
    )
  })

  it.effect("reports the annotations of the tool", () =>
    Effect.gen(function* () {
      const set = yield* one(
        toolOf("abc").annotate(Tool.Readonly, true).annotate(Tool.Idempotent, true),
        () => Effect.void
      )
      const { annotations } = yield* set.decode(call("abc", ""))
      assert.deepStrictEqual(annotations, {
        isReadonly: true,
        isDestructive: true,
        isIdempotent: true,
        isOpenWorld: true
      })
    })
  )

  describe("needsApproval", () => {
    const parameters = Schema.Struct({ amount: Schema.Finite })
    const needed = (needsApproval: Tool.NeedsApproval<typeof parameters>, args = '{"amount":5}') =>
      Effect.gen(function* () {
        const set = yield* one(Tool.make("pay", { parameters, needsApproval }), () => Effect.void)
        const decoded = yield* set.decode(call("pay", args))
        return yield* decoded.needsApproval
      })

    it.effect("is what the tool declares", () =>
      Effect.gen(function* () {
        assert.isTrue(yield* needed(true))
        assert.isFalse(yield* needed(false))
      })
    )

    it.effect("can depend on the decoded arguments", () =>
      Effect.gen(function* () {
        const large = ({ amount }: { readonly amount: number }) => Effect.succeed(amount > 10)
        assert.isFalse(yield* needed(large))
        assert.isTrue(yield* needed(large, '{"amount":50}'))
      })
    )

    it.effect("gets the id of the call", () =>
      Effect.gen(function* () {
        assert.isTrue(yield* needed((_, { toolCallId }) => toolCallId === "call 1"))
      })
    )
  })
})
