/** The lookup alone, the minimum that any cache does, and the parts of a whole call that hits the memory cache. */
import { hash } from "node:crypto"
import { Provider } from "@kimi-effect/client"
import { ResponseCache } from "@kimi-effect/client/node"
import * as RequestCheck from "@kimi-effect/client/RequestCheck"
import { ChatResponse } from "@kimi-effect/core"
import * as CacheKey from "@kimi-effect/core/internal/CacheKey"
import type { Call } from "@kimi-effect/core/Call"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { LRUCache } from "lru-cache"
import { apiKey, messages, model } from "../transport/Contestant.ts"

/** The contestants, and the parts of a call that hits the memory cache. */
const names = ["bare", "lookup", "key", "check", "span"] as const

export type Name = (typeof names)[number]

/** Microseconds of CPU per call. */
export type RoundResult = { readonly [N in Name]: number }

const calls = 50_000

const provider = Provider.providers.moonshot
const request = { model, messages }
const call: Call = { account: provider.id, provider: provider.id, request }
const response = new ChatResponse({
  id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
  model,
  created: 1784321103,
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }]
})

/** The minimum of any cache: serialize the request, compute its digest, and read the entry. */
const bare = new LRUCache<string, ChatResponse>({ max: 10_000 })
const digest = (): string => hash("sha256", JSON.stringify(request), "hex")
bare.set(digest(), response)

const runtime = Effect.runPromise(
  Effect.gen(function* () {
    const origin = yield* CacheKey.makeOrigin(provider.baseUrl, Redacted.make(apiKey))
    const cache = yield* ResponseCache.ResponseCache
    const lookUp = cache.stage({ originOf: () => origin }).effect(() => Effect.succeed(response))
    yield* lookUp(call)
    return { cache, lookUp, origin }
  }).pipe(Effect.provide(ResponseCache.layerMemory()))
)
const { cache, lookUp, origin } = await runtime

const runs: { readonly [N in Name]: () => Effect.Effect<unknown, unknown> } = {
  bare: () => Effect.sync(() => bare.get(digest())),
  lookup: () => lookUp(call),
  key: () => cache.keyOf(call, origin),
  check: () => RequestCheck.check(request, provider, "reject"),
  span: () => Effect.withSpan(Effect.void, "KimiClient.chat", { kind: "client", captureStackTrace: false })
}

const cpuOf = async (run: () => Effect.Effect<unknown, unknown>): Promise<number> => {
  const before = process.cpuUsage()
  await Effect.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < calls; i++) yield* run()
    })
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

process.on("message", async (first: number) => {
  const result: Partial<Record<Name, number>> = {}
  for (let i = 0; i < names.length; i++) {
    const name = names[(first + i) % names.length] as Name
    result[name] = await cpuOf(runs[name])
  }
  process.send?.(result)
})
process.send?.("ready")
