/** A response from the cache with what it saved, and a budget that refuses a call. */
import { KimiClient } from "@kimi-effect/client"
import { Accounting, Cost } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ask, clientOf, show } from "./host.ts"

export const cacheHit = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  yield* kimi.chat(ask)
  const again = yield* kimi.chat(ask)
  const { savedByCache } = Accounting.total(yield* (yield* Accounting.Accounting).entries)
  const saved = [...savedByCache].map(([currency, total]) => Cost.format({ currency, total }))
  yield* show(`the second of two equal calls came from ${again.cached?.level}, which saved ${saved.join(" and ")}`)
}).pipe(Effect.provide(Layer.provideMerge(clientOf([], { cache: "memory" }), Accounting.layer)))

export const refusal = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const error = yield* Effect.flip(kimi.chat({ ...ask, max_completion_tokens: 20_000 }))
  yield* show(`${error._tag}: ${error.message}`)
}).pipe(Effect.provide(clientOf([], { budget: "0.10 USD per day" })))
