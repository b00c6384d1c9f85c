import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as Provider from "@kimi-effect/client/Provider"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { Reply } from "@kimi-effect/testing"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as SseText from "@kimi-effect/testing/SseText"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { runs, timeLimit } from "../../../../../test/support/depth.ts"
import { assertAccepted, at, collect } from "../../agent/support/agent.ts"

const kit = Toolkit.make(
  Tool.make("get_weather", {
    parameters: Schema.Struct({
      location: Schema.optionalKey(Schema.String),
      city: Schema.optionalKey(Schema.String),
      unit: Schema.optionalKey(Schema.Literals(["celsius", "fahrenheit"]))
    }),
    success: Schema.String
  })
)

const makeTools = Effect.gen(function* () {
  const log: Array<string> = []
  const tools = yield* ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
    Effect.provide(
      kit.toLayer({
        get_weather: ({ city, location }) =>
          Effect.sync(() => {
            log.push(location ?? city ?? "")
            return "18 °C"
          })
      })
    )
  )
  return { log, tools }
})

const recorded = Fixtures.exchange("plain-04-tool-calls").body
const synthetic = Fixtures.synthetic("moonshotai-tool-call")

const completionOf = (body: unknown): ChatCompletion => Schema.decodeUnknownSync(ChatCompletion)(body)

/** A turn that calls the recorded tool for two places, by calls with these members. */
const two = (ids: readonly [string, string]): ChatCompletion =>
  completionOf({
    ...(recorded as object),
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "",
          reasoning_content: "Two places.",
          tool_calls: ids.map((id, index) => ({
            index,
            id,
            type: "function",
            function: { name: "get_weather", arguments: `{"location": "${["Paris", "Oslo"][index]}"}` }
          }))
        },
        finish_reason: "tool_calls"
      }
    ]
  })

type Delta = { index?: number; id?: string; function?: unknown }

/** Changes each piece of a tool call in a stream. */
const mapPieces = (events: ReadonlyArray<string>, change: (piece: Delta) => Delta): ReadonlyArray<string> =>
  events.map((event) => {
    if (!event.includes('"tool_calls":[')) return event
    const chunk = JSON.parse(event.replace(/^data: /, ""))
    for (const { delta } of chunk.choices) delta.tool_calls = delta.tool_calls.map(change)
    return SseText.event(JSON.stringify(chunk))
  })

const omitIndex = (piece: Delta): Delta => {
  const { index: _, ...rest } = piece
  return rest
}

const sameIndex = (piece: Delta): Delta => ({ ...piece, index: 0 })

const unchanged = (piece: Delta): Delta => piece

/** Each turn: its completion, what its pieces become in a stream, and the places of its calls. */
const turns: ReadonlyArray<readonly [string, ChatCompletion, (piece: Delta) => Delta, ReadonlyArray<string>]> = [
  ["recorded", completionOf(recorded), unchanged, ["Paris, France"]],
  ["recorded, without indices", completionOf(recorded), omitIndex, ["Paris, France"]],
  ["of another project", completionOf(synthetic), unchanged, ["Paris"]],
  ["of two calls", two(["get_weather_0", "get_weather_1"]), unchanged, ["Paris", "Oslo"]],
  ["of two calls with one id", two(["get_weather_0", "get_weather_0"]), unchanged, ["Paris", "Oslo"]],
  ["of two calls with blank ids", two(["", ""]), unchanged, ["Paris", "Oslo"]],
  ["of two calls without indices", two(["get_weather_0", "get_weather_1"]), omitIndex, ["Paris", "Oslo"]],
  ["of two calls with one index", two(["get_weather_0", "get_weather_1"]), sameIndex, ["Paris", "Oslo"]]
]

const eventsOf = (completion: ChatCompletion, change: (piece: Delta) => Delta) =>
  mapPieces(SseText.fromCompletion(completion, { includeUsage: true }), change)

/** A stream with exactly these bytes, in one read or byte by byte. */
const rawStream = (text: string, chunking: "whole" | { readonly bytes: number } = "whole"): Reply.Sse => ({
  ...Reply.sse([]),
  events: [text],
  chunking
})

describe.each(turns)("a turn %s", (_, completion, change, places) => {
  it.effect("runs its calls from a whole response", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const result = yield* AgentLoop.run({ prompt: "Go", tools })
      assert.deepStrictEqual([result.outcome._tag, result.text, log], ["Finished", "Mild", places])
      assertAccepted(result.messages)
    }).pipe(at([Reply.completion(Schema.encodeSync(ChatCompletion)(completion) as never), "Mild"]))
  )

  const whole = eventsOf(completion, change).join("")

  it.effect("runs its calls from a stream in reads of any size", () =>
    Effect.forEach(
      [1, 2, 3, 7, 64, 1_000],
      (bytes) =>
        Effect.gen(function* () {
          const { log, tools } = yield* makeTools
          const { result } = yield* collect(AgentLoop.stream({ prompt: "Go", tools }))
          assert.deepStrictEqual([result.outcome._tag, result.text, log], ["Finished", "Mild", places])
          assertAccepted(result.messages)
        }).pipe(at([rawStream(whole, { bytes }), "Mild"])),
      { discard: true }
    )
  )

  it.effect(
    "runs no call from a stream that is cut at any byte",
    () =>
      Effect.gen(function* () {
        const end = whole.lastIndexOf("[DONE]")
        for (let cut = 0; cut < end; cut += runs({ sample: 41, deep: end > 4_000 ? 11 : 1 })) {
          yield* Effect.gen(function* () {
            const { log, tools } = yield* makeTools
            const { result } = yield* collect(AgentLoop.stream({ prompt: "Go", tools }))
            assert.deepStrictEqual([result.outcome._tag, log, result.steps], ["Stopped", [], 0], `cut at ${cut}`)
            const resumed = yield* AgentLoop.resume(result.state, { tools })
            assert.deepStrictEqual([resumed.outcome._tag, log], ["Finished", places])
            assertAccepted(resumed.messages)
          }).pipe(
            at([
              rawStream(whole.slice(0, cut)),
              Reply.completion(Schema.encodeSync(ChatCompletion)(completion) as never),
              "Mild"
            ])
          )
        }
      }),
    timeLimit(300_000)
  )
})
