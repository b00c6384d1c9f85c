/**
 * The CPU of a language model of `effect/ai` over the client, of the client
 * alone, and of the AI SDK. They respond from memory, and whole responses also
 * over a socket: there each library parses and checks what a host sends.
 */
import { ChatTransport, KimiClient, Provider } from "@kimi-effect/client"
import * as KimiLanguageModel from "@kimi-effect/client/agent/KimiLanguageModel"
import { KimiNode } from "@kimi-effect/client/node"
import { KimiConfig, StreamFold } from "@kimi-effect/core"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { generateText, streamText } from "ai"
import { MockLanguageModelV4 } from "ai/test"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { response } from "../harness/greeting.ts"

/** Microseconds of CPU: per call, and per chunk of a stream. */
export interface LanguageModelResult {
  readonly chat: number
  readonly generateText: number
  /** Over a socket. */
  readonly httpGenerateText: number
  /** Over a socket. */
  readonly aiSdkHttpGenerateText: number
  readonly streamChunk: number
  readonly modelStreamChunk: number
  readonly aiSdkStreamChunk: number
}

const calls = 2_000
const httpCalls = 500
const streams = 40
const deltas = 1_000
/** Deltas that arrive in one read of the network. */
const perRead = 10

const prompt = "Reply with exactly one word: hello."

const delta: StreamEvent = { _tag: "TextDelta", choice: 0, text: "hello " }
const events = StreamFold.toEvents(response).flatMap((event): ReadonlyArray<StreamEvent> =>
  event._tag === "TextDelta" ? Array.from({ length: deltas }, () => delta) : [event]
)

const reads = Arr.chunksOf(events, perRead)

const transport: ChatTransport.ChatTransport["Service"] = {
  provider: Provider.providers.custom,
  chat: () => Effect.succeed(response),
  stream: () => Stream.flattenArray(Stream.rechunk(Stream.fromIterable(reads), 1))
}

const withModel = <E, R>(kimi: Layer.Layer<KimiClient.KimiClient, E, R>) =>
  Layer.provideMerge(KimiLanguageModel.layer({ model: "kimi-k3" }), kimi)

const runtime = ManagedRuntime.make(
  withModel(KimiClient.layerTransport).pipe(
    Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
    Layer.provide(KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1" }))
  )
)
const client = await runtime.runPromise(Effect.service(KimiClient.KimiClient))

const aiSdkUsage = {
  inputTokens: { total: 17, noCache: 17, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 3, text: 3, reasoning: 0 }
}
const aiSdkFinish = { unified: "stop", raw: "stop" } as const

const aiSdkModel = new MockLanguageModelV4({
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

const call = LanguageModel.generateText({ prompt })

const repeatPromise = (times: number, task: () => Promise<unknown>) => async () => {
  for (let i = 0; i < times; i++) await task()
}

const cpuOf = async (work: () => Promise<unknown>, units: number): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(before)
  return (user + system) / units
}

/** The same calls over a socket, each library with its own HTTP client. */
const overHttp = async (baseURL: string) => {
  const http = ManagedRuntime.make(withModel(KimiNode.layer({ apiKey: Redacted.make("sk-1"), baseUrl: baseURL })))
  const model = createMoonshotAI({ baseURL, apiKey: "sk-1" })("kimi-k3")
  const httpGenerateText = await cpuOf(
    () => http.runPromise(Effect.orDie(Effect.repeat(call, { times: httpCalls - 1 }))),
    httpCalls
  )
  const aiSdkHttpGenerateText = await cpuOf(
    repeatPromise(httpCalls, () => generateText({ model, prompt, maxRetries: 0 })),
    httpCalls
  )
  await http.dispose()
  return { httpGenerateText, aiSdkHttpGenerateText }
}

process.on("message", async (url: string) => {
  const chunks = streams * deltas
  const result: LanguageModelResult = {
    chat: await cpuOf(repeat(calls, client.chat(request)), calls),
    generateText: await cpuOf(repeat(calls, call), calls),
    streamChunk: await cpuOf(repeat(streams, Stream.runDrain(client.stream(request))), chunks),
    modelStreamChunk: await cpuOf(repeat(streams, Stream.runDrain(LanguageModel.streamText({ prompt }))), chunks),
    aiSdkStreamChunk: await cpuOf(repeatPromise(streams, aiSdkStream), chunks),
    ...(await overHttp(url))
  }
  process.send?.(result)
})
process.send?.("ready")
