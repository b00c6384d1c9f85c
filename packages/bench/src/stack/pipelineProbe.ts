/** The whole client around a transport that responds immediately, and the transport alone. */
import { KimiClient, ChatTransport, Provider } from "@kimi-effect/client"
import { KimiConfig } from "@kimi-effect/core"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Hedge from "@kimi-effect/core/Hedge"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { request, response } from "../harness/greeting.ts"

/** Microseconds of CPU per call. */
export interface RoundResult {
  readonly transport: number
  /** The transport of a `MockProvider`, alone. */
  readonly mock: number
  readonly defaults: number
  readonly everything: number
}

const calls = 20_000

const transport: ChatTransport.ChatTransport["Service"] = {
  provider: Provider.providers.custom,
  chat: () => Effect.succeed(response),
  stream: () => Stream.empty
}

const clientOf = (options: KimiConfig.Options) =>
  KimiClient.layerTransport.pipe(
    Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
    Layer.provide(KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1", ...options }))
  )

/** The runtime keeps the scope of the client open until the process ends. */
const build = <E>(layer: Layer.Layer<KimiClient.KimiClient, E>) =>
  ManagedRuntime.make(layer).runPromise(Effect.service(KimiClient.KimiClient))

const defaults = await build(clientOf({}))
const everything = await build(
  clientOf({
    deadline: "1 minute",
    maxConcurrency: 1_000,
    requestsPerMinute: 1_000_000_000,
    tokensPerMinute: 1_000_000_000_000,
    tokensPerDay: 1_000_000_000_000
  }).pipe(
    Layer.provide(Accounting.layer),
    Layer.provide(Hedge.layer({ delay: "10 seconds", responseDelay: "10 seconds" }))
  )
)

const mock = await ManagedRuntime.make(
  MockProvider.layerTransport({ latency: 0, failures: { ServerError: 0 }, limits: { concurrency: 1 } }).pipe(
    Layer.provide(KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1" }))
  )
).runPromise(Effect.service(ChatTransport.ChatTransport))

const cpuOf = async (call: () => Effect.Effect<unknown, unknown>): Promise<number> => {
  const before = process.cpuUsage()
  await Effect.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < calls; i++) yield* call()
    })
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

process.on("message", async () => {
  const result: RoundResult = {
    transport: await cpuOf(() => transport.chat(request)),
    mock: await cpuOf(() => mock.chat(request)),
    defaults: await cpuOf(() => defaults.chat(request)),
    everything: await cpuOf(() => everything.chat(request))
  }
  process.send?.(result)
})
process.send?.("ready")
