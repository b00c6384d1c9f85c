/** kimi-effect with its defaults; with metrics, a budget of two caps and limits of the account; and with recovery of streams. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { StreamFold } from "@kimi-effect/core"
import * as Observer from "@kimi-effect/core/Observer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

const run = <E>(layer: Layer.Layer<KimiClient.KimiClient, E>): Contestant => {
  const runtime = ManagedRuntime.make(layer)
  const chat = (call: number) =>
    Effect.flatMap(KimiClient.KimiClient, (kimi) => kimi.chat({ model, messages: messagesOf(call) }))
  const stream = (call: number) =>
    Effect.flatMap(KimiClient.KimiClient, (kimi) =>
      StreamFold.collect(kimi.stream({ model, messages: messagesOf(call) }))
    )
  return {
    chat: async (call) => (await runtime.runPromise(chat(call))).text,
    stream: async (call) => (await runtime.runPromise(stream(call))).text,
    close: () => runtime.dispose()
  }
}

export const makeDefault = (baseUrl: string): Contestant =>
  run(KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl }))

/** The limits and caps are counted for every attempt, but none of them is reached. */
export const makeFull = (baseUrl: string): Contestant =>
  run(
    KimiNode.layer({
      apiKey: Redacted.make(apiKey),
      baseUrl,
      budget: "1000000 USD; 1000000 USD per day",
      maxConcurrency: 1_000,
      requestsPerMinute: 1_000_000,
      tokensPerMinute: 1_000_000_000_000
    }).pipe(Layer.provide(Observer.layer()))
  )

/** Streams that break after their first content begin again. */
export const makeRecovery = (baseUrl: string): Contestant =>
  run(KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl, recovery: "regenerate" }))
