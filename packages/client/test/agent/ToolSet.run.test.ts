import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ToolSet from "../../src/agent/ToolSet.ts"
import { recordSpans } from "../support/spans.ts"
import { Received, moonshot, one, toolOf, use, weather, weatherKit } from "./support/tools.ts"

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

  it.effect("ends with the mistake of a handler that returns no effect", () =>
    Effect.gen(function* () {
      const set = yield* one(toolOf("abc"), (() => "3") as unknown as () => Effect.Effect<string>)
      const cause = yield* Effect.flip(Effect.sandbox(use(set, "abc", "")))
      assert.include(Cause.pretty(cause), "The handler of abc must return an Effect")
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

describe("a toolkit that exists only with its handlers", () => {
  it.effect("fails if it ends after a preliminary result", () =>
    Effect.gen(function* () {
      const tool = toolOf("abc")
      const output = { result: "half", encodedResult: "half", isFailure: false, preliminary: true }
      const kit = { tools: { abc: tool }, handle: () => Effect.succeed(Stream.make(output)) }
      const set = yield* ToolSet.make(kit, moonshot)
      const decoded = yield* set.decode({ name: "abc", arguments: "", callId: "1" })
      const error = yield* Effect.flip(set.run(decoded) as Effect.Effect<unknown, unknown>)
      assert.propertyVal(error, "_tag", "ToolExecutionError")
    })
  )
})
