import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ToolSet from "../../src/agent/ToolSet.ts"
import { providers } from "../../src/Provider.ts"
import { moonshot, one, toolOf, use, weather, weatherKit } from "./support/tools.ts"

const namesOf = (set: ToolSet.ToolSet) => set.definitions.map((definition) => definition.function.name)

/** A set of tools with these names, which return their own names. */
const named = (names: ReadonlyArray<string>, provider = providers.moonshot) => {
  const kit = Toolkit.make(...names.map(toolOf))
  const handlers = Object.fromEntries(names.map((name) => [name, () => Effect.succeed(name)]))
  return Effect.provide(ToolSet.make(kit, { provider }), kit.toLayer(handlers))
}

describe("ToolSet.make", () => {
  for (const [what, source] of [
    ["nothing", undefined],
    ["a tool", toolOf("look")],
    ["a list of tools", [toolOf("look")]]
  ] as const) {
    it.effect(`refuses ${what} in place of a toolkit`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(ToolSet.make(source as never, moonshot))
        assert.strictEqual(error._tag, "ToolSchemaError")
        assert.include(error.message, "Toolkit.make")
      }).pipe(Effect.provideContext(Context.empty() as never))
    )
  }

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

  it.effect("fails with the path of what cannot be expressed", () =>
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

describe("ToolSet.fromToolCall", () => {
  it("takes the id of the host", () => {
    const toolCall = { id: "f_0", type: "function", function: { name: "f", arguments: "{}" } }
    assert.deepStrictEqual(ToolSet.fromToolCall(toolCall), { name: "f", arguments: "{}", callId: "f_0" })
  })
})
