/** Calls with promises and with Effect, at a transport that responds immediately. */
import { ChatTransport, KimiClient, Provider } from "@kimi-effect/client"
import { Kimi } from "@kimi-effect/client/promise"
import { KimiConfig, type StreamEvent, StreamFold } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { request, response } from "../harness/greeting.ts"

/** Microseconds of CPU per call, and per event of a stream. */
export interface RoundResult {
  readonly effectChat: number
  readonly promiseChat: number
  /** With a signal, and an option of the call. */
  readonly promiseChatWithOptions: number
  readonly effectEvent: number
  readonly promiseEvent: number
}

const calls = 20_000
const streams = 400
const eventsPerStream = 100

const [start, , ...end] = StreamFold.toEvents(response)
const delta: StreamEvent.StreamEvent = { _tag: "TextDelta", choice: 0, text: "hello " }
const events: ReadonlyArray<StreamEvent.StreamEvent> = [
  ...(start === undefined ? [] : [start]),
  ...Array.from({ length: eventsPerStream - end.length - 1 }, () => delta),
  ...end
]

const transport: ChatTransport.ChatTransport["Service"] = {
  provider: Provider.providers.moonshot,
  chat: () => Effect.succeed(response),
  // One event per read, as from a host that generates slowly.
  stream: () => Stream.rechunk(Stream.fromIterable(events), 1)
}

const kimi = Kimi.fromLayer(
  KimiClient.layerTransport.pipe(
    Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-bench") }))
  )
)
const client = await kimi.runtime.runPromise(Effect.service(KimiClient.KimiClient))

const cpuOf = async (count: number, run: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const effectChat = (): Promise<unknown> =>
  kimi.runtime.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < calls; i++) yield* client.chat(request)
    })
  )

const promiseChat = async (options?: Kimi.CallOptions): Promise<void> => {
  for (let i = 0; i < calls; i++) await kimi.chat(request, options)
}

const effectEvents = (): Promise<unknown> =>
  kimi.runtime.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < streams; i++) yield* Stream.runDrain(client.stream(request))
    })
  )

const promiseEvents = async (): Promise<void> => {
  let count = 0
  for (let i = 0; i < streams; i++) for await (const _event of kimi.stream(request)) count += 1
  if (count !== streams * eventsPerStream) throw new Error(`${count} events`)
}

process.on("message", async () => {
  const { signal } = new AbortController()
  const result: RoundResult = {
    effectChat: await cpuOf(calls, effectChat),
    promiseChat: await cpuOf(calls, () => promiseChat()),
    promiseChatWithOptions: await cpuOf(calls, () => promiseChat({ signal, tenant: "acme" })),
    effectEvent: await cpuOf(streams * eventsPerStream, effectEvents),
    promiseEvent: await cpuOf(streams * eventsPerStream, promiseEvents)
  }
  process.send?.(result)
})
process.send?.("ready")
