/** The same client around a transport that responds immediately, with telemetry off and with metrics, spans and records on. */
import { ChatTransport, KimiClient, Provider } from "@kimi-effect/client"
import { CallLog, KimiConfig, Logging, Observer } from "@kimi-effect/core"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Otlp from "effect/observability/Otlp"
import * as Stream from "effect/Stream"
import { request, responseOf } from "../harness/greeting.ts"

/** Microseconds of CPU per call, or per stream. */
export interface CpuCost {
  readonly call: number
  /** A stream of `chunks` chunks in separate reads, as from a host. */
  readonly separateReads: number
  /** The same chunks with several in each read, as when the consumer is slower than the host. */
  readonly batchedReads: number
}

export interface RoundResult {
  /** Without telemetry. */
  readonly off: CpuCost
  /** A second client without telemetry: the difference between two equal clients. */
  readonly offAgain: CpuCost
  /** Metrics, records and the spans of the built-in tracer. */
  readonly on: CpuCost
  /** The same with a JSON line per call, which is discarded. */
  readonly logged: CpuCost
  /** The same with spans encoded for a collector that discards them. */
  readonly exported: CpuCost
}

export const chunks = 1_000
export const chunksPerRead = 8
const calls = 10_000
const streams = 60

const response = responseOf(chunks)

const start: StreamEvent = { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1784321103 }
const delta: StreamEvent = { _tag: "TextDelta", choice: 0, text: "hello " }
const end: ReadonlyArray<StreamEvent> = [
  ...(response.usage === undefined ? [] : [{ _tag: "Usage" as const, usage: response.usage }]),
  { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
]

const reads = (size: number): ReadonlyArray<Arr.NonEmptyReadonlyArray<StreamEvent>> =>
  Arr.chunksOf([start, ...Arr.replicate(delta, chunks), ...end], size)

/** A stream of the given reads, with no other work. */
const streamOf = (all: ReadonlyArray<Arr.NonEmptyReadonlyArray<StreamEvent>>): Stream.Stream<StreamEvent> =>
  Stream.flattenArray(Stream.rechunk(Stream.fromIterable(all), 1))

let stream: Stream.Stream<StreamEvent> = Stream.empty
const separateStream = streamOf(reads(1))
const batchedStream = streamOf(reads(chunksPerRead))

const transport: ChatTransport.ChatTransport["Service"] = {
  provider: Provider.providers.custom,
  chat: () => Effect.succeed(response),
  stream: () => stream
}

const client = KimiClient.layerTransport.pipe(
  Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
  Layer.provide(KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1" }))
)

/** A collector that discards everything. */
const discardingHttpClient = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((sent) => Effect.succeed(HttpClientResponse.fromWeb(sent, new Response("{}"))))
)

const observed = Layer.provide(client, Observer.layer({ onCall: [() => Effect.void] }))
const logging = Layer.provideMerge(
  Layer.provide(client, Layer.unwrap(Effect.map(CallLog.make(), (log) => Observer.layer({ onCall: [log] })))),
  Logging.layer({ format: "json", write: () => undefined })
)
const exporting = Layer.provideMerge(
  observed,
  Layer.provide(
    Otlp.layerJson({ baseUrl: "http://localhost", resource: { serviceName: "bench" }, loggerMergeWithExisting: true }),
    discardingHttpClient
  )
)

const off = ManagedRuntime.make(client)
const offAgain = ManagedRuntime.make(Layer.fresh(client))
const on = ManagedRuntime.make(observed)
const logged = ManagedRuntime.make(logging)
const exported = ManagedRuntime.make(exporting)

type Runtime = ManagedRuntime.ManagedRuntime<KimiClient.KimiClient, unknown>

const cpuOf = async (
  runtime: Runtime,
  times: number,
  use: (kimi: KimiClient.KimiClient["Service"]) => Effect.Effect<unknown, unknown>
): Promise<number> => {
  await runtime.runPromise(KimiClient.KimiClient)
  const before = process.cpuUsage()
  await runtime.runPromise(
    Effect.gen(function* () {
      const kimi = yield* KimiClient.KimiClient
      for (let i = 0; i < times; i++) yield* use(kimi)
    })
  )
  const { system, user } = process.cpuUsage(before)
  return (user + system) / times
}

const streamCost = (runtime: Runtime, of: Stream.Stream<StreamEvent>): Promise<number> => {
  stream = of
  return cpuOf(runtime, streams, (kimi) => Stream.runDrain(kimi.stream(request)))
}

const costOf = async (runtime: Runtime): Promise<CpuCost> => ({
  call: await cpuOf(runtime, calls, (kimi) => kimi.chat(request)),
  separateReads: await streamCost(runtime, separateStream),
  batchedReads: await streamCost(runtime, batchedStream)
})

process.on("message", async () => {
  const result: RoundResult = {
    off: await costOf(off),
    on: await costOf(on),
    logged: await costOf(logged),
    offAgain: await costOf(offAgain),
    exported: await costOf(exported)
  }
  process.send?.(result)
})
process.send?.("ready")
