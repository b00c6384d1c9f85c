/** kimi-effect as used in applications, with schemas, checks, spans and timeouts; with what is off by default; and over `fetch`. */
import { fileURLToPath } from "node:url"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { KimiConfig } from "@kimi-effect/core"
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"

/** In the folder of the packed application, with which it is removed. */
const auditLog = fileURLToPath(new URL(`../../audit/${process.pid}.jsonl`, import.meta.url))

/** Telemetry, two caps, and a tier whose limits no run reaches. */
const withoutAudit: KimiConfig.Options = {
  telemetry: true,
  budget: [
    { amount: "1000000", currency: "USD" },
    { per: ["day", "tenant"], amount: "1000000", currency: "USD" }
  ],
  tier: 5,
  requestsPerMinute: 1_000_000_000,
  tokensPerMinute: 1_000_000_000_000,
  tokensPerDay: 1_000_000_000_000
}

/** Everything that is off by default. */
export const fullOptions: KimiConfig.Options = { ...withoutAudit, auditLog }

type MakeLayer = (options: KimiConfig.Options) => Layer.Layer<KimiClient.KimiClient, unknown>

const makeWith = (name: string, options: KimiConfig.Options, layerOf: MakeLayer = KimiNode.layer): Contestant => {
  const runtimes = new Map<string, ManagedRuntime.ManagedRuntime<KimiClient.KimiClient, unknown>>()
  const at = <A, E>(
    baseUrl: string,
    use: (kimi: KimiClient.KimiClient["Service"]) => Effect.Effect<A, E>
  ): Promise<A> => {
    const runtime =
      runtimes.get(baseUrl) ??
      ManagedRuntime.make(layerOf({ apiKey: Redacted.make(apiKey), baseUrl, maxConnections: 1024, ...options }))
    runtimes.set(baseUrl, runtime)
    return runtime.runPromise(Effect.flatMap(KimiClient.KimiClient, use))
  }

  return {
    name,
    chat: (baseUrl) => at(baseUrl, (kimi) => Effect.map(kimi.chat({ model, messages }), (answer) => answer.text)),
    stream: (baseUrl) =>
      at(baseUrl, (kimi) =>
        Stream.runFold(
          kimi.stream({ model, messages }),
          () => 0,
          (count, event) => (event._tag === "TextDelta" || event._tag === "ReasoningDelta" ? count + 1 : count)
        )
      ),
    hold: (baseUrl) =>
      at(baseUrl, (kimi) =>
        Effect.gen(function* () {
          const first = yield* Deferred.make<void>()
          const fiber = yield* Effect.forkDetach(
            Stream.runForEach(kimi.stream({ model, messages }), (event) =>
              event._tag === "Start" ? Effect.void : Effect.asVoid(Deferred.succeed(first, undefined))
            )
          )
          yield* Effect.raceFirst(Deferred.await(first), Fiber.join(fiber))
        })
      ),
    close: async () => {
      await Promise.all([...runtimes.values()].map((runtime) => runtime.dispose()))
    }
  }
}

export const make = (): Contestant => makeWith("kimi-effect", {})

export const makeFull = (): Contestant => makeWith("kimi-effect, full", withoutAudit)

export const makeAudited = (): Contestant => makeWith("kimi-effect, full, audit", fullOptions)

/** As in runtimes without Node's modules, such as a browser or a worker. */
export const makeFetch = (): Contestant =>
  makeWith("kimi-effect, fetch", {}, (options) => Layer.provide(KimiClient.layer(options), FetchHttpClient.layer))
