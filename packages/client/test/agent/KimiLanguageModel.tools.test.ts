import { assert, describe, it } from "@effect/vitest"
import { ToolCall } from "@kimi-effect/core/Tool"
import { Reply } from "@kimi-effect/testing"
import { DateTime, Effect, Schema } from "effect"
import { Chat, LanguageModel, Prompt, type Response, Tool, Toolkit } from "effect/ai"
import { recordSpans } from "../support/spans.ts"
import { bodies, lastMessages, withModel } from "./support/languageModel.ts"

const parameters = Schema.Struct({ city: Schema.String, on: Schema.optionalKey(Schema.DateTimeUtc) })
const Weather = Toolkit.make(
  Tool.make("get_weather", { description: "Weather of a city", parameters, success: Schema.String })
)

const withWeather = <A, E, R>(test: (calls: ReadonlyArray<typeof parameters.Type>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const calls: Array<typeof parameters.Type> = []
    const handlers = Weather.toLayer({
      get_weather: (call) =>
        Effect.sync(() => {
          calls.push(call)
          return `sunny in ${call.city}`
        })
    })
    return Effect.provide(test(calls), handlers)
  })

const oslo = { name: "get_weather", arguments: { city: "Oslo" } }

const resultsOf = (response: { readonly content: ReadonlyArray<Response.AnyPart> }) =>
  response.content.flatMap((part) => (part.type === "tool-result" ? [part.result] : []))

describe("a toolkit", () => {
  it.live("is described in the host's form of JSON Schema", () =>
    withModel((server) =>
      withWeather(() =>
        Effect.gen(function* () {
          yield* server.reply(Reply.text("Hi."))
          yield* LanguageModel.generateText({ prompt: "Hello", toolkit: Weather })
          const [body] = yield* bodies(server)
          assert.deepStrictEqual(body?.["tools"], [
            {
              type: "function",
              function: {
                name: "get_weather",
                description: "Weather of a city",
                parameters: {
                  type: "object",
                  properties: { city: { type: "string" }, on: { type: "string" } },
                  required: ["city"],
                  additionalProperties: false
                }
              }
            }
          ])
        })
      )
    )
  )

  it.live("runs the calls of a response", () =>
    withModel((server) =>
      withWeather(() =>
        Effect.gen(function* () {
          yield* server.reply(Reply.toolCalls([oslo, { name: "get_weather", arguments: { city: "Rome" } }]))
          const response = yield* LanguageModel.generateText({ prompt: "Weather?", toolkit: Weather })
          assert.deepStrictEqual(resultsOf(response), ["sunny in Oslo", "sunny in Rome"])
        })
      )
    )
  )

  it.live("decodes the JSON form of parameters", () =>
    withModel((server) =>
      withWeather((calls) =>
        Effect.gen(function* () {
          const call = { ...oslo, arguments: { city: "Oslo", on: "2026-11-28T00:00:00Z" } }
          yield* server.reply(Reply.toolCalls([call]))
          yield* LanguageModel.generateText({ prompt: "Weather?", toolkit: Weather })
          assert.strictEqual(
            calls[0]?.on === undefined ? "" : DateTime.formatIso(calls[0].on),
            "2026-11-28T00:00:00.000Z"
          )
        })
      )
    )
  )

  it.live("runs no call of a truncated response", () =>
    withModel((server) =>
      withWeather((calls) =>
        Effect.gen(function* () {
          yield* server.reply(Reply.toolCalls([oslo], { finishReason: "length" }))
          yield* LanguageModel.generateText({ prompt: "Weather?", toolkit: Weather })
          assert.deepStrictEqual(calls, [])
        })
      )
    )
  )

  it.live.each(["tool_use", "function_call", "stop"])(
    "runs the calls of a response that ends with %s",
    (finishReason) =>
      withModel((server) =>
        withWeather((calls) =>
          Effect.gen(function* () {
            yield* server.reply(Reply.toolCalls([oslo], { finishReason }))
            yield* LanguageModel.generateText({ prompt: "Weather?", toolkit: Weather })
            assert.lengthOf(calls, 1)
          })
        )
      )
  )

  it.live("runs ten calls at the same time by default", () =>
    withModel((server) =>
      Effect.gen(function* () {
        let running = 0
        let most = 0
        const Busy = Toolkit.make(Tool.make("work", { success: Schema.Void }))
        const handlers = Busy.toLayer({
          work: () =>
            Effect.acquireUseRelease(
              Effect.sync(() => {
                most = Math.max(most, ++running)
              }),
              () => Effect.yieldNow,
              () =>
                Effect.sync(() => {
                  running--
                })
            )
        })
        yield* server.reply(Reply.toolCalls(Array.from({ length: 30 }, () => ({ name: "work" }))))
        yield* LanguageModel.generateText({ prompt: "Work", toolkit: Busy }).pipe(Effect.provide(handlers))
        assert.strictEqual(most, 10)
      })
    )
  )

  it.live("keeps arguments off the spans", () =>
    withModel((server) =>
      withWeather(() =>
        Effect.gen(function* () {
          const { record, spans } = recordSpans()
          yield* server.reply(Reply.toolCalls([{ ...oslo, arguments: { city: "Secretville" } }]))
          yield* record(LanguageModel.generateText({ prompt: "Weather of Secretville?", toolkit: Weather }))
          const attributes = spans.flatMap((span) => [...span.attributes])
          assert.isTrue(attributes.some(([key, value]) => key === "tool" && value === "get_weather"))
          assert.notInclude(JSON.stringify(attributes), "Secretville")
        })
      )
    )
  )
})

describe("the approval of a call", () => {
  it.live("depends on the decoded parameters", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const ran: Array<string> = []
        const Delete = Toolkit.make(
          Tool.make("delete_before", {
            parameters: Schema.Struct({ date: Schema.DateTimeUtc }),
            success: Schema.String,
            needsApproval: ({ date }) => DateTime.toEpochMillis(date) > 0
          })
        )
        const handlers = Delete.toLayer({
          delete_before: () =>
            Effect.sync(() => {
              ran.push("deleted")
              return "deleted"
            })
        })
        yield* server.reply(Reply.toolCalls([{ name: "delete_before", arguments: { date: "2026-11-28T00:00:00Z" } }]))
        const response = yield* LanguageModel.generateText({ prompt: "Delete", toolkit: Delete }).pipe(
          Effect.provide(handlers)
        )
        assert.isTrue(response.content.some(({ type }) => type === "tool-approval-request"))
        assert.deepStrictEqual(ran, [])
      })
    )
  )
})

describe("a call that no tool can answer", () => {
  const answerTo = (call: Reply.Call) =>
    withModel((server) =>
      withWeather((calls) =>
        Effect.gen(function* () {
          const chat = yield* Chat.empty
          yield* server.reply(Reply.toolCalls([call], { content: "Let me see." }))
          const response = yield* chat.generateText({ prompt: "Weather?", toolkit: Weather })
          yield* chat.generateText({ prompt: [], toolkit: Weather })
          assert.strictEqual(response.text, "Let me see.")
          assert.deepStrictEqual(calls, [])
          return yield* lastMessages(server)
        })
      )
    )

  it.live("is answered that there is no such tool", () =>
    Effect.map(answerTo({ name: "get_wether", arguments: { city: "Oslo" } }), (messages) => {
      assert.strictEqual(messages[2]?.["content"], "There is no tool named get_wether. The tools are: get_weather")
      assert.deepStrictEqual(messages[1]?.["tool_calls"], [
        {
          id: "get_wether_0",
          type: "function",
          function: { name: "get_wether", arguments: '{"city":"Oslo"}' }
        }
      ])
    })
  )

  it.live.each(['{"city":', "[]", "null", '"Oslo"', '{"__proto__":{"a":1}}'])(
    "is answered that its arguments are invalid: %s",
    (text) =>
      Effect.map(answerTo({ name: "get_weather", arguments: text }), (messages) => {
        assert.include(`${String(messages[2]?.["content"])}`, "Call it again with valid arguments.")
        assert.isUndefined(Reflect.get({}, "a"))
      })
  )

  it.live("is returned as it is without a toolkit", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([oslo]))
        const response = yield* LanguageModel.generateText({ prompt: "Weather?" })
        const calls: ReadonlyArray<Response.AnyPart> = response.content
        const call = calls.find(({ type }) => type === "tool-call")
        assert.deepStrictEqual(call?.type === "tool-call" ? call.params : call, { city: "Oslo" })
      })
    )
  )

  it.live("is returned as it is without a toolkit, after an approved call", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([oslo]))
        const call = { id: "a", name: "get_weather", providerExecuted: false }
        const prompt = Prompt.fromMessages([
          Prompt.userMessage({ content: [Prompt.textPart({ text: "Weather?" })] }),
          Prompt.assistantMessage({
            content: [
              Prompt.toolCallPart({ ...call, params: { city: "Oslo" } }),
              Prompt.toolApprovalRequestPart({ approvalId: "b", toolCallId: "a" })
            ]
          }),
          Prompt.toolMessage({
            content: [
              Prompt.toolApprovalResponsePart({ approvalId: "b", approved: true }),
              Prompt.toolResultPart({ ...call, isFailure: false, result: "sunny" })
            ]
          })
        ])
        const response = yield* LanguageModel.generateText({ prompt })
        assert.isTrue(response.content.some(({ type }) => `${type}` === "tool-call"))
      })
    )
  )

  it.live("is returned as it is when its validation is deferred", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([{ name: "anything", arguments: { a: 1 } }]))
        const response = yield* LanguageModel.generateText({
          prompt: "Weather?",
          disableToolCallResolution: true,
          toolCallValidation: "deferred"
        })
        const [call] = response.toolCalls
        assert.deepStrictEqual([call?.name, call?.params], ["anything", { a: 1 }])
      })
    )
  )
})

describe("arguments that are not JSON", () => {
  it.live("are sent back within JSON, which the templates of hosts parse", () =>
    withModel((server) =>
      withWeather(() =>
        Effect.gen(function* () {
          const broken = '{"city": "Os'
          yield* server.reply(Reply.toolCalls([{ name: "get_weather", arguments: broken }]), Reply.text("Sorry."))
          const chat = yield* Chat.empty
          yield* chat.generateText({ prompt: "Weather?", toolkit: Weather })
          yield* chat.generateText({ prompt: "Again", toolkit: Weather })
          const ToolCalls = Schema.Array(ToolCall)
          const sent = (yield* lastMessages(server)).flatMap(({ tool_calls }) =>
            Schema.decodeUnknownSync(ToolCalls)(tool_calls ?? [])
          )
          assert.deepStrictEqual(
            sent.map((call): unknown => JSON.parse(call.function.arguments)),
            [{ invalid_arguments: broken }]
          )
        })
      )
    )
  )
})
