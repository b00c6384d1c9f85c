/** Clients with one option on each, with 64 calls in flight at a transport that responds after one turn of the event loop. */
import { ChatTransport, KimiClient, Provider } from "@kimi-effect/client"
import { KimiConfig } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { request, response } from "../harness/greeting.ts"

const limits = {
  maxConcurrency: 1_000,
  requestsPerMinute: 1_000_000_000,
  tokensPerMinute: 1_000_000_000_000,
  tokensPerDay: 1_000_000_000_000
}

const budget: KimiConfig.Options["budget"] = [
  { amount: "1000000", currency: "USD" },
  { per: ["day", "tenant"], amount: "1000000", currency: "USD" }
]

const options = {
  defaults: {},
  telemetry: { telemetry: true },
  budget: { budget },
  limits,
  full: { telemetry: true, budget, ...limits }
} satisfies Record<string, KimiConfig.Options>

export type Name = keyof typeof options

/** Microseconds of CPU per call, by what is on. */
export type RoundResult = { readonly [N in Name | "transport"]: number }

const calls = 16_384
const atOnce = 64

const transport: ChatTransport.ChatTransport["Service"] = {
  provider: Provider.providers.moonshot,
  chat: () => Effect.as(Effect.yieldNow, response),
  stream: () => Stream.empty
}

/** The runtime keeps the scope of the client open until the process ends. */
const clientWith = (extra: KimiConfig.Options) =>
  ManagedRuntime.make(
    KimiClient.layerTransport.pipe(
      Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
      Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-bench-0123456789"), ...extra }))
    )
  ).runPromise(Effect.service(KimiClient.KimiClient))

const clients = {
  defaults: await clientWith(options.defaults),
  telemetry: await clientWith(options.telemetry),
  budget: await clientWith(options.budget),
  limits: await clientWith(options.limits),
  full: await clientWith(options.full)
} satisfies Record<Name, unknown>

const cpuOf = async (call: () => Effect.Effect<unknown, unknown>): Promise<number> => {
  const before = process.cpuUsage()
  const fiber = Effect.gen(function* () {
    for (let i = 0; i < calls / atOnce; i++) yield* call()
  })
  await Effect.runPromise(
    Effect.all(
      Array.from({ length: atOnce }, () => fiber),
      { concurrency: atOnce }
    )
  )
  const { system, user } = process.cpuUsage(before)
  return (user + system) / calls
}

process.on("message", async () => {
  const result: RoundResult = {
    transport: await cpuOf(() => transport.chat(request)),
    defaults: await cpuOf(() => clients.defaults.chat(request)),
    telemetry: await cpuOf(() => clients.telemetry.chat(request)),
    budget: await cpuOf(() => clients.budget.chat(request)),
    limits: await cpuOf(() => clients.limits.chat(request)),
    full: await cpuOf(() => clients.full.chat(request))
  }
  process.send?.(result)
})
process.send?.("ready")
