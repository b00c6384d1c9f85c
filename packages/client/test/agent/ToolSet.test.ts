import { assert, describe, it } from "@effect/vitest"
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as AiError from "effect/ai/AiError"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as ToolSet from "../../src/agent/ToolSet.ts"
import { providers } from "../../src/Provider.ts"
import { recordSpans } from "../support/spans.ts"
import { Received, weather, weatherKit } from "./support/tools.ts"

const moonshot = { provider: providers.moonshot }

const call = (name: string, args: string): ToolSet.Call => ({ name, arguments: args, callId: "call 1" })

const use = <R>(set: ToolSet.ToolSet<R>, name: string, args: string, options?: ToolSet.RunOptions) =>
  Effect.flatMap(set.decode(call(name, args)), (decoded) => set.run(decoded, options))

/** The set of one tool whose handler is given; its types are those of no toolkit. */
const one = (
  tool: Tool.Any,
  handler: (input: unknown) => Effect.Effect<unknown, unknown>
): Effect.Effect<ToolSet.ToolSet, ToolSchemaError> => {
  const kit = Toolkit.make(tool)
  const set: Effect.Effect<ToolSet.ToolSet, ToolSchemaError> = ToolSet.make(kit, moonshot) as never
  return Effect.provide(set, kit.toLayer({ [tool.name]: handler } as never))
}

const toolOf = (name: string) => Tool.make(name, { success: Schema.String })
const namesOf = (set: ToolSet.ToolSet) => set.definitions.map((definition) => definition.function.name)

/** A set of tools with these names, which return their own names. */
const named = (names: ReadonlyArray<string>, provider = providers.moonshot) => {
  const kit = Toolkit.make(...names.map(toolOf))
  const handlers = Object.fromEntries(names.map((name) => [name, () => Effect.succeed(name)]))
  return Effect.provide(ToolSet.make(kit, { provider }), kit.toLayer(handlers))
}

describe("ToolSet.make", () => {
  it.effect("describes a tool to the host", () =>
    Effect.gen(function* () {
      const { definitions } = yield* Effect.provide(ToolSet.make(weatherKit, moonshot), weather)
      assert.deepStrictEqual(definitions, [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: "The weather of a city",
            parameters: {
              type: "object",
              properties: { location: { type: "string" }, at: { type: "string" } },
              required: ["location"],
              additionalProperties: false
            }
          }
        }
      ])
    })
  )

  it.effect("passes on that arguments need not match exactly", () =>
    Effect.gen(function* () {
      const set = yield* one(toolOf("abc").annotate(Tool.Strict, false), () => Effect.succeed(""))
      assert.propertyVal(set.definitions[0]?.function, "strict", false)
    })
  )

  it.effect("fails with the path of what a host cannot be told", () =>
    Effect.gen(function* () {
      const tool = Tool.make("pair", { parameters: Schema.Struct({ a: Schema.Tuple([Schema.String, Schema.Int]) }) })
      const error = yield* Effect.flip(one(tool, () => Effect.void))
      assert.strictEqual(error._tag, "ToolSchemaError")
      assert.strictEqual(error.path, "properties.a")
      assert.include(error.message, "The tool pair")
    })
  )

  it.effect("fails when two toolkits have a tool of the same name", () =>
    Effect.gen(function* () {
      const kit = Toolkit.make(toolOf("same"))
      const layer = kit.toLayer({ same: () => Effect.succeed("") })
      const error = yield* Effect.flip(
        Effect.provide(ToolSet.make([kit, Toolkit.make(toolOf("same"))], moonshot), layer)
      )
      assert.strictEqual(error.message, "Two tools are named same")
    })
  )

  it.effect("fails for a tool of another host", () =>
    Effect.gen(function* () {
      const foreign = Tool.providerDefined({ id: "openai.shell", customName: "shell", providerName: "shell" })(
        undefined
      )
      const error = yield* Effect.flip(ToolSet.make(Toolkit.make(foreign), moonshot))
      assert.strictEqual(error._tag, "ToolSchemaError")
    })
  )

  it.effect("sends a JSON Schema unchanged to hosts other than Moonshot", () =>
    Effect.gen(function* () {
      const parameters = { type: "object", title: "T", properties: {} }
      const kit = Toolkit.make(Tool.dynamic("remote", { parameters }))
      const layer = kit.toLayer({ remote: () => Effect.void })
      const set = yield* Effect.provide(ToolSet.make(kit, { provider: providers.together }), layer)
      assert.deepInclude(set.definitions[0]?.function, { parameters })
    })
  )

  describe("names", () => {
    const long = "x".repeat(300)
    const rows: ReadonlyArray<readonly [ReadonlyArray<string>, ReadonlyArray<string>]> = [
      [
        ["get_weather", "fs-read"],
        ["get_weather", "fs-read"]
      ],
      [["get weather"], ["get_weather"]],
      [
        ["get weather", "get_weather"],
        ["get_weather_2", "get_weather"]
      ],
      [
        ["a.b", "a/b", "a b"],
        ["a_b", "a_b_2", "a_b_3"]
      ],
      [["1st"], ["_1st"]],
      [["ls"], ["ls"]],
      [["天"], ["___"]],
      [
        [long, `${long}y`],
        ["x".repeat(64), `${"x".repeat(62)}_2`]
      ]
    ]
    for (const [given, expected] of rows) {
      it.effect(`are sent to Moonshot as ${expected.join(", ").slice(0, 40)}`, () =>
        Effect.gen(function* () {
          const set = yield* named(given)
          assert.deepStrictEqual(namesOf(set), expected)
        })
      )

      it.effect(`are found again as ${given.join(", ").slice(0, 40)}`, () =>
        Effect.gen(function* () {
          const set = yield* named(given)
          for (const [index, name] of expected.entries()) {
            assert.strictEqual((yield* use(set, name, "{}")).content, given[index])
            assert.strictEqual(set.hostName(given[index] ?? ""), name)
          }
        })
      )
    }

    it.effect("stay unchanged at other hosts", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(namesOf(yield* named(["get weather"], providers.ollama)), ["get weather"])
      })
    )
  })
})

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

    it.effect("is what the tool says", () =>
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

describe("ToolSet.run", () => {
  it.effect("returns the result of the handler as JSON", () =>
    Effect.gen(function* () {
      const received: Array<unknown> = []
      const set = yield* Effect.provide(ToolSet.make(weatherKit, moonshot), weather)
      const result = yield* use(set, "get_weather", '{"location":"Paris","at":"2026-01-02T00:00:00Z"}').pipe(
        Effect.provideService(Received, received)
      )
      assert.deepInclude(result, {
        tool: "get_weather",
        callId: "call 1",
        content: '{"celsius":18,"at":"2026-01-02T00:00:00.000Z"}',
        isFailure: false
      })
      assert.lengthOf(received, 1)
    })
  )

  it.effect("sends a text as it is", () =>
    Effect.gen(function* () {
      const encrypted = '----BEGIN "x"\n----END'
      const set = yield* one(toolOf("abc"), () => Effect.succeed(encrypted))
      assert.strictEqual((yield* use(set, "abc", "")).content, encrypted)
    })
  )

  it.effect("sends null for a result that is nothing", () =>
    Effect.gen(function* () {
      for (const tool of [Tool.make("abc"), Tool.dynamic("abc", { parameters: { type: "object" } })]) {
        const set = yield* one(tool, () => Effect.void)
        assert.strictEqual((yield* use(set, "abc", "")).content, "null")
      }
    })
  )

  it.effect("returns a failure of a tool that returns its failures", () =>
    Effect.gen(function* () {
      const tool = Tool.make("abc", { failure: Schema.Struct({ why: Schema.String }), failureMode: "return" })
      const set = yield* one(tool, () => Effect.fail({ why: "closed" }))
      assert.deepInclude(yield* use(set, "abc", ""), { content: '{"why":"closed"}', isFailure: true })
    })
  )

  it.effect("returns the reason of an AiError with which a handler fails", () =>
    Effect.gen(function* () {
      const tool = Tool.make("abc", { failureMode: "return" })
      const set = yield* one(tool, () =>
        Effect.fail(new AiError.NetworkError({ reason: "TransportError", method: "GET", url: "https://example.com" }))
      )
      const { isFailure, result } = yield* use(set, "abc", "")
      assert.isTrue(isFailure && AiError.isAiError(result))
    })
  )

  it.effect("fails with the tag of the handler's error, without its content", () =>
    Effect.gen(function* () {
      const Denied = Schema.TaggedStruct("Denied", { user: Schema.String })
      const set = yield* one(Tool.make("abc", { failure: Denied }), () =>
        Effect.fail({ _tag: "Denied", user: "secret" })
      )
      const error = yield* Effect.flip(use(set, "abc", ""))
      assert.deepInclude(error, { _tag: "ToolExecutionError", tool: "abc", callId: "call 1", failure: "Denied" })
      assert.notInclude(JSON.stringify(error), "secret")
    })
  )

  it.effect("fails when the result does not match its schema", () =>
    Effect.gen(function* () {
      const set = yield* one(toolOf("abc"), () => Effect.succeed(3))
      const error = yield* Effect.flip(use(set, "abc", ""))
      assert.strictEqual(error.message, "The tool abc returned a result that does not match its schema")
    })
  )

  it.effect("reports preliminary results", () =>
    Effect.gen(function* () {
      const kit = Toolkit.make(toolOf("abc"))
      const layer = kit.toLayer({
        abc: (_, { preliminary }) => Effect.as(Effect.andThen(preliminary("1"), preliminary("2")), "3")
      })
      const set = yield* Effect.provide(ToolSet.make(kit, moonshot), layer)
      const seen: Array<unknown> = []
      const result = yield* use(set, "abc", "", {
        onPreliminary: ({ content }) => Effect.sync(() => seen.push(content))
      })
      assert.deepStrictEqual([...seen, result.content], ["1", "2", "3"])
    })
  )

  it.effect("interrupts the handler", () =>
    Effect.gen(function* () {
      let interrupted = false
      const set = yield* one(toolOf("abc"), () =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      )
      const fiber = yield* Effect.forkChild(use(set, "abc", ""), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.isTrue(interrupted)
    })
  )

  it.effect("maps a result to the parts that the tool gives the model", () =>
    Effect.gen(function* () {
      const tool = Tool.make("abc", {
        success: Schema.String,
        toModelOutput: (text) => [
          { type: "text" as const, text, options: {}, "~effect/ai/Prompt/Part": "~effect/ai/Prompt/Part" as const },
          {
            type: "file" as const,
            mediaType: "image/png",
            data: new Uint8Array([1, 2, 3]),
            options: {},
            "~effect/ai/Prompt/Part": "~effect/ai/Prompt/Part" as const
          }
        ]
      })
      const set = yield* one(tool, () => Effect.succeed("a chart"))
      assert.deepStrictEqual((yield* use(set, "abc", "")).content, [
        { type: "text", text: "a chart" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AQID" } }
      ])
    })
  )

  it.effect("reports the price of a call as its cost", () =>
    Effect.gen(function* () {
      const set = yield* one(toolOf("abc").annotate(ToolSet.PricePerCall, 0.5), () => Effect.succeed(""))
      assert.strictEqual((yield* use(set, "abc", "")).cost, 0.5)
    })
  )

  describe("a toolkit with its handlers", () => {
    const At = Tool.make("at", {
      parameters: Schema.Struct({ at: Schema.DateTimeUtc }),
      success: Schema.Struct({ at: Schema.DateTimeUtc }),
      failure: Schema.TaggedStruct("Late", {}),
      failureMode: "error"
    })
    const kit = Toolkit.make(At)
    const make = (handler: Parameters<typeof kit.of>[0]["at"]) =>
      Effect.provide(kit, kit.toLayer({ at: handler })).pipe(
        Effect.flatMap((toolkit) => ToolSet.make([toolkit], moonshot))
      )
    const args = '{"at":"2026-01-02T00:00:00Z"}'

    it.effect("receives arguments in the form that was described", () =>
      Effect.gen(function* () {
        const set = yield* make(({ at }) => Effect.succeed({ at }))
        assert.strictEqual((yield* use(set, "at", args)).content, '{"at":"2026-01-02T00:00:00.000Z"}')
      })
    )

    it.effect("fails like one without", () =>
      Effect.gen(function* () {
        const set = yield* make(() => Effect.fail({ _tag: "Late" }))
        assert.deepInclude(yield* Effect.flip(use(set, "at", args)), { _tag: "ToolExecutionError", failure: "Late" })
      })
    )

    it.effect("reports preliminary results", () =>
      Effect.gen(function* () {
        const set = yield* make(({ at }, { preliminary }) => Effect.as(preliminary({ at }), { at }))
        const seen: Array<unknown> = []
        yield* use(set, "at", args, { onPreliminary: ({ isFailure }) => Effect.sync(() => seen.push(isFailure)) })
        assert.deepStrictEqual(seen, [false])
      })
    )

    it.effect("writes no arguments on the span", () =>
      Effect.gen(function* () {
        const set = yield* make(({ at }) => Effect.succeed({ at }))
        const { record, spans } = recordSpans()
        yield* record(use(set, "at", args).pipe(Effect.withSpan("turn")))
        assert.deepStrictEqual(
          spans.flatMap(({ attributes }) => [...attributes]),
          [["tool", "at"]]
        )
      })
    )
  })
})

describe("ToolSet.fromToolCall", () => {
  it("takes the id of the host", () => {
    const toolCall = { id: "f_0", type: "function", function: { name: "f", arguments: "{}" } }
    assert.deepStrictEqual(ToolSet.fromToolCall(toolCall), { name: "f", arguments: "{}", callId: "f_0" })
  })
})
