/** kimi-effect with its defaults; with everything that is off by default; and with recovery of streams. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { StreamFold } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { apiKey, model } from "../transport/Contestant.ts"
import { fullOptions } from "../transport/kimi.ts"
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

export const makeFull = (baseUrl: string): Contestant =>
  run(KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl, ...fullOptions }))

/** Streams that break after their first content begin again. */
export const makeRecovery = (baseUrl: string): Contestant =>
  run(KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl, recovery: "regenerate" }))
