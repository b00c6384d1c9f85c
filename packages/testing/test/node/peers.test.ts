/**
 * Clients of other projects accept the server as Kimi. The results are compared
 * with the recordings that the server sends.
 */
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { assert, describe, layer } from "@effect/vitest"
import { generateText, isStepCount, jsonSchema, streamText, tool, type ToolSet } from "ai"
import * as Effect from "effect/Effect"
import OpenAI, { RateLimitError } from "openai"
import * as Fault from "../../src/Fault.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import * as ErrorReply from "../../src/ErrorReply.ts"
import * as Reply from "../../src/Reply.ts"
import * as RawClient from "./support/RawClient.ts"

const greeting =
  "Hello! 👋 Nice classic greeting — the first program many of us ever write.\n\nWhat can I help you with today?"
const streamed = "Hello, starshine—the universe tipped its hat just for you today!"
const streamedReasoning =
  "The user wants me to say hello in one short, imaginative sentence. " +
  "This is a simple, creative request. I should craft something brief and imaginative"
const callReasoning =
  "The user is asking about the weather in Paris, France. I have a get_weather tool available. Let me call it with " +
  'the location "Paris, France". The unit parameter is optional - I could use celsius since Paris is in France where ' +
  "Celsius is standard."
const callArguments = '{"location":"Paris, France","unit":"celsius"}'

const parameters = {
  type: "object",
  properties: { location: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
  required: ["location"]
} as const

const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const collected: Array<A> = []
  for await (const item of items) collected.push(item)
  return collected
}

layer(MockServer.layer({ apiKey: "sk-peer" }))((it) => {
  describe("openai", () => {
    const question = { model: "kimi-k3", messages: [{ role: "user" as const, content: "Hello world!" }] }
    const tools = [{ type: "function" as const, function: { name: "get_weather", parameters } }]
    const openai = MockServer.MockServer.use((server) =>
      Effect.succeed(new OpenAI({ baseURL: server.url, apiKey: "sk-peer", maxRetries: 0 }))
    )

    it.effect("reads a completion", () =>
      Effect.gen(function* () {
        const client = yield* openai
        const answer = yield* Effect.promise(() => client.chat.completions.create(question))
        assert.strictEqual(answer.choices[0]?.message.content, greeting)
        assert.strictEqual(answer.choices[0]?.finish_reason, "stop")
        assert.strictEqual(answer.id, "chatcmpl-6a5a9561c95b1c06317b3389")
        assert.strictEqual(answer.usage?.prompt_tokens, 88)
        assert.strictEqual(answer.usage?.completion_tokens, 196)
        assert.strictEqual(answer.usage?.prompt_tokens_details?.cached_tokens, 88)
        assert.strictEqual(answer.usage?.completion_tokens_details?.reasoning_tokens, 156)
      })
    )

    it.effect("reads a stream with reasoning", () =>
      Effect.gen(function* () {
        const client = yield* openai
        const chunks = yield* Effect.promise(async () =>
          collect(
            await client.chat.completions.create({
              ...question,
              stream: true,
              stream_options: { include_usage: true }
            })
          )
        )
        const deltas = chunks.map((chunk): { content?: string | null; reasoning_content?: string } => ({
          ...chunk.choices[0]?.delta
        }))
        assert.strictEqual(deltas.map((delta) => delta.content ?? "").join(""), streamed)
        assert.strictEqual(deltas.map((delta) => delta.reasoning_content ?? "").join(""), streamedReasoning)
        assert.strictEqual(chunks.length, 48)
        assert.strictEqual(chunks.at(-2)?.choices[0]?.finish_reason, "stop")
        assert.deepStrictEqual(chunks.at(-1)?.choices, [])
        assert.strictEqual(chunks.at(-1)?.usage?.total_tokens, 270)
      })
    )

    it.effect("receives no usage event unless it requests one", () =>
      Effect.gen(function* () {
        const client = yield* openai
        const chunks = yield* Effect.promise(async () =>
          collect(await client.chat.completions.create({ ...question, stream: true }))
        )
        assert.strictEqual(chunks.length, 47)
        assert.isTrue(chunks.every((chunk) => chunk.usage === undefined && chunk.choices.length === 1))
      })
    )

    it.effect("reads a tool call", () =>
      Effect.gen(function* () {
        const client = yield* openai
        const answer = yield* Effect.promise(() => client.chat.completions.create({ ...question, tools }))
        const call = answer.choices[0]?.message.tool_calls?.[0]
        assert.strictEqual(answer.choices[0]?.finish_reason, "tool_calls")
        assert.strictEqual(call?.id, "get_weather_0")
        assert.deepStrictEqual(call?.type === "function" ? call.function : undefined, {
          name: "get_weather",
          arguments: callArguments
        })
      })
    )

    it.effect("joins a streamed tool call", () =>
      Effect.gen(function* () {
        const client = yield* openai
        const answer = yield* Effect.promise(() =>
          client.chat.completions
            .stream({ ...question, tools, stream_options: { include_usage: true } })
            .finalChatCompletion()
        )
        const call = answer.choices[0]?.message.tool_calls?.[0]
        assert.strictEqual(answer.choices[0]?.finish_reason, "tool_calls")
        assert.strictEqual(call?.id, "get_weather_0")
        assert.strictEqual(call?.type === "function" ? call.function.name : undefined, "get_weather")
        assert.strictEqual(call?.type === "function" ? call.function.arguments : undefined, callArguments)
        assert.strictEqual(answer.usage?.total_tokens, 393)
      })
    )

    it.effect("lists the models", () =>
      Effect.gen(function* () {
        const client = yield* openai
        const models = yield* Effect.promise(async () => collect(await client.models.list()))
        assert.deepStrictEqual(
          models.map(({ id }) => id),
          ["kimi-k3", "kimi-k2.6", "kimi-k2.7-code", "kimi-k2.7-code-highspeed"]
        )
      })
    )

    it.effect("reports a rate limit as its rate limit error", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        const client = yield* openai
        yield* server.reply(ErrorReply.table.limitRpm)
        const error = yield* Effect.flip(Effect.tryPromise(() => client.chat.completions.create(question)))
        const { cause } = error
        assert.instanceOf(cause, RateLimitError)
        assert.strictEqual(cause.status, 429)
        assert.strictEqual(cause.type, "rate_limit_reached_error")
        assert.strictEqual(cause.headers.get("retry-after"), "1")
        assert.include(cause.message, "request reached organization max RPM: 3, please try again after 1 seconds")
      })
    )

    it.effect("is rejected with another key", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        const client = new OpenAI({ baseURL: server.url, apiKey: "sk-other", maxRetries: 0 })
        const error = yield* Effect.flip(Effect.tryPromise(() => client.models.list()))
        assert.instanceOf(error.cause, OpenAI.AuthenticationError)
        assert.include(error.cause.message, "Incorrect API key provided")
      })
    )

    it.effect("fails on an error within a stream", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        const client = yield* openai
        yield* server.reply(
          Reply.faulty(Fault.ErrorInStream({ afterEvents: 3, error: { message: "engine gone", type: "server_error" } }))
        )
        const error = yield* Effect.flip(
          Effect.tryPromise(async () => collect(await client.chat.completions.create({ ...question, stream: true })))
        )
        assert.instanceOf(error.cause, OpenAI.APIError)
        assert.include(error.cause.message, "engine gone")
      })
    )
  })

  describe("@ai-sdk/moonshotai", () => {
    const kimi = MockServer.MockServer.use((server) =>
      Effect.succeed(createMoonshotAI({ baseURL: server.url, apiKey: "sk-peer" })("kimi-k3"))
    )
    const tools: ToolSet = {
      get_weather: tool({ inputSchema: jsonSchema(parameters), execute: async () => "18 degrees" })
    }
    const input = { location: "Paris, France", unit: "celsius" }

    it.effect("generates text", () =>
      Effect.gen(function* () {
        const model = yield* kimi
        const result = yield* Effect.promise(() => generateText({ model, prompt: "Hello world!", maxRetries: 0 }))
        assert.strictEqual(result.text, greeting)
        assert.include(result.reasoningText, "The user has sent a very simple greeting")
        assert.strictEqual(result.finishReason, "stop")
        assert.strictEqual(result.usage.inputTokens, 88)
        assert.strictEqual(result.usage.outputTokens, 196)
        assert.strictEqual(result.usage.inputTokenDetails.cacheReadTokens, 88)
        assert.strictEqual(result.usage.outputTokenDetails.reasoningTokens, 156)
      })
    )

    it.effect("streams text with reasoning", () =>
      Effect.gen(function* () {
        const model = yield* kimi
        const result = streamText({ model, prompt: "Hello world!", maxRetries: 0 })
        assert.strictEqual(yield* Effect.promise(async () => result.text), streamed)
        assert.strictEqual(yield* Effect.promise(async () => result.reasoningText), streamedReasoning)
        assert.strictEqual(yield* Effect.promise(async () => result.finishReason), "stop")
        assert.strictEqual((yield* Effect.promise(async () => result.usage)).totalTokens, 270)
      })
    )

    it.effect("generates a tool call", () =>
      Effect.gen(function* () {
        const model = yield* kimi
        const result = yield* Effect.promise(() => generateText({ model, prompt: "Weather?", tools, maxRetries: 0 }))
        assert.strictEqual(result.finishReason, "tool-calls")
        assert.strictEqual(result.reasoningText, callReasoning)
        assert.strictEqual(result.toolCalls[0]?.toolCallId, "get_weather_0")
        assert.strictEqual(result.toolCalls[0]?.toolName, "get_weather")
        assert.deepStrictEqual(result.toolCalls[0]?.input, input)
      })
    )

    it.effect("streams a tool call", () =>
      Effect.gen(function* () {
        const model = yield* kimi
        const result = streamText({ model, prompt: "Weather?", tools, maxRetries: 0 })
        const calls = yield* Effect.promise(async () => result.toolCalls)
        assert.strictEqual(yield* Effect.promise(async () => result.finishReason), "tool-calls")
        assert.strictEqual(yield* Effect.promise(async () => result.reasoningText), callReasoning)
        assert.strictEqual(calls[0]?.toolCallId, "get_weather_0")
        assert.deepStrictEqual(calls[0]?.input, input)
        assert.strictEqual((yield* Effect.promise(async () => result.usage)).totalTokens, 393)
      })
    )

    it.effect("completes a tool loop with its history", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        const model = yield* kimi
        yield* server.reset
        yield* server.reply(
          Reply.defaultReply,
          Reply.chatResponse({ content: "18 degrees.", reasoning_content: "Easy." })
        )
        const result = yield* Effect.promise(() =>
          generateText({ model, prompt: "Weather?", tools, stopWhen: isStepCount(2), maxRetries: 0 })
        )
        assert.strictEqual(result.text, "18 degrees.")
        const requests = yield* server.requests
        assert.strictEqual(requests.length, 2)
        // Sent again without a scripted reply, the history passes the validation of the server.
        const again = yield* RawClient.request(`${server.url}/chat/completions`, {
          headers: { authorization: "Bearer sk-peer" },
          body: requests[1]?.body
        })
        assert.strictEqual(again.status, 200, again.text)
      })
    )
  })
})
