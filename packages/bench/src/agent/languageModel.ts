/**
 * The CPU of a language model of `effect/ai` over the client, of the client
 * alone, and of the AI SDK. All of them respond from memory.
 */
import { ChatTransport, KimiClient, Provider } from "@kimi-effect/client"
import * as KimiLanguageModel from "@kimi-effect/client/agent/KimiLanguageModel"
import { ChatResponse, KimiConfig, StreamFold } from "@kimi-effect/core"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { generateText, streamText } from "ai"
import { MockLanguageModelV4 } from "ai/test"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"

/** Microseconds of CPU: per call, and per chunk of a stream. */
export interface LanguageModelResult {
  readonly chat: number
  readonly generateText: number
  readonly aiSdkGenerateText: number
  readonly httpGenerateText: number
  readonly aiSdkHttpGenerateText: number
  readonly streamChunk: number
  readonly modelStreamChunk: number
  readonly aiSdkStreamChunk: number
}

const calls = 2_000
const streams = 40
const deltas = 1_000
/** Deltas that arrive in one read of the network. */
const perRead = 10

const prompt = "Reply with exactly one word: hello."

const usage = {
  prompt_tokens: 17,
  completion_tokens: 3,
  total_tokens: 20,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
}

const response = new ChatResponse({
  id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
  model: "kimi-k3",
  created: 1784321103,
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage
})

const delta: StreamEvent = { _tag: "TextDelta", choice: 0, text: "hello " }
const [start, , ...end] = StreamFold.toEvents(response)
const events = [...(start === undefined ? [] : [start]), ...Array.from({ length: deltas }, () => delta), ...end]

const reads = Array.from({ length: Math.ceil(events.length / perRead) }, (_, index) =>
  events.slice(index * perRead, (index + 1) * perRead)
)

const transport: ChatTransport.ChatTransport["Service"] = {
  provider: Provider.providers.custom,
  chat: () => Effect.succeed(response),
  stream: () => Stream.flatMap(Stream.fromIterable(reads), Stream.fromIterable)
}

/** What the host sends, for both libraries. */
const body = JSON.stringify({
  id: response.id,
  object: "chat.completion",
  created: response.created,
  model: response.model,
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 17, completion_tokens: 3, total_tokens: 20 }
})
const headers = { "content-type": "application/json" }
const respond = () => Promise.resolve(new Response(body, { headers }))

const baseUrl = "http://localhost/v1"
const config = KimiConfig.layer({ provider: "custom", baseUrl })
const withModel = <E, R>(client: Layer.Layer<KimiClient.KimiClient, E, R>) =>
  Layer.provideMerge(KimiLanguageModel.layer({ model: "kimi-k3" }), client)

const runtime = ManagedRuntime.make(
  withModel(KimiClient.layerTransport).pipe(
    Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
    Layer.provide(config)
  )
)
const httpRuntime = ManagedRuntime.make(
  withModel(KimiClient.layerHttp()).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, respond)),
    Layer.provide(config)
  )
)
const client = await runtime.runPromise(Effect.service(KimiClient.KimiClient))

const aiSdkHttp = createMoonshotAI({ baseURL: baseUrl, apiKey: "sk-1", fetch: respond })("kimi-k3")

const aiSdkUsage = {
  inputTokens: { total: 17, noCache: 17, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 3, text: 3, reasoning: 0 }
}
const aiSdkFinish = { unified: "stop", raw: "stop" } as const

const aiSdkModel = new MockLanguageModelV4({
  doGenerate: () =>
    Promise.resolve({
      content: [{ type: "text", text: "hello" }],
      finishReason: aiSdkFinish,
      usage: aiSdkUsage,
      warnings: []
    }),
  doStream: () =>
    Promise.resolve({
      stream: new ReadableStream({
        start: (controller) => {
          controller.enqueue({ type: "stream-start", warnings: [] })
          controller.enqueue({ type: "text-start", id: "1" })
          for (let i = 0; i < deltas; i++) controller.enqueue({ type: "text-delta", id: "1", delta: "hello " })
          controller.enqueue({ type: "text-end", id: "1" })
          controller.enqueue({ type: "finish", finishReason: aiSdkFinish, usage: aiSdkUsage })
          controller.close()
        }
      })
    })
})

const aiSdkStream = async (): Promise<void> => {
  let count = 0
  for await (const part of streamText({ model: aiSdkModel, prompt, maxRetries: 0 }).fullStream) {
    if (part.type === "text-delta") count++
  }
  if (count !== deltas) throw new Error(`the AI SDK saw ${count} deltas`)
}

const request = { model: "kimi-k3", messages: [{ role: "user" as const, content: prompt }] }

const repeat = (times: number, effect: Effect.Effect<unknown, unknown, LanguageModel.LanguageModel>) => () =>
  runtime.runPromise(Effect.orDie(Effect.repeat(effect, { times: times - 1 })))

const repeatPromise = (times: number, task: () => Promise<unknown>) => async () => {
  for (let i = 0; i < times; i++) await task()
}

const cpuOf = async (work: () => Promise<unknown>, units: number): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(before)
  return (user + system) / units
}

process.on("message", async () => {
  const chunks = streams * deltas
  const result: LanguageModelResult = {
    chat: await cpuOf(repeat(calls, client.chat(request)), calls),
    generateText: await cpuOf(repeat(calls, LanguageModel.generateText({ prompt })), calls),
    aiSdkGenerateText: await cpuOf(
      repeatPromise(calls, () => generateText({ model: aiSdkModel, prompt, maxRetries: 0 })),
      calls
    ),
    httpGenerateText: await cpuOf(
      () =>
        httpRuntime.runPromise(
          Effect.orDie(Effect.repeat(LanguageModel.generateText({ prompt }), { times: calls - 1 }))
        ),
      calls
    ),
    aiSdkHttpGenerateText: await cpuOf(
      repeatPromise(calls, () => generateText({ model: aiSdkHttp, prompt, maxRetries: 0 })),
      calls
    ),
    streamChunk: await cpuOf(repeat(streams, Stream.runDrain(client.stream(request))), chunks),
    modelStreamChunk: await cpuOf(repeat(streams, Stream.runDrain(LanguageModel.streamText({ prompt }))), chunks),
    aiSdkStreamChunk: await cpuOf(repeatPromise(streams, aiSdkStream), chunks)
  }
  process.send?.(result)
})
process.send?.("ready")
