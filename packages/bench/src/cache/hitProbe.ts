/** The chats of one contestant, one after another: those of kimi-effect hit the memory cache, those of openai go to the server. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode, ResponseCache } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { apiKey, messages, model } from "../transport/Contestant.ts"
import { make as makeOpenai } from "../transport/openai.ts"

/** The contestants. */
export const names = ["kimi-effect", "openai"] as const

export type Name = (typeof names)[number]

/** Microseconds per call. */
export interface RoundResult {
  readonly cpu: number
  readonly wall: number
}

type Contestant = (baseUrl: string) => (calls: number) => Promise<unknown>

const kimi: Contestant = (baseUrl) => {
  const client = KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl })
  const runtime = ManagedRuntime.make(Layer.provideMerge(client, ResponseCache.layerMemory()))
  return (calls) =>
    runtime.runPromise(
      Effect.gen(function* () {
        const kimi = yield* KimiClient.KimiClient
        const cache = yield* ResponseCache.ResponseCache
        yield* kimi.chat({ model, messages })
        const before = (yield* cache.statistics).memory.hits
        for (let i = 0; i < calls; i++) yield* kimi.chat({ model, messages })
        const hits = (yield* cache.statistics).memory.hits - before
        if (hits !== calls) return yield* Effect.die(new Error(`${calls - hits} of ${calls} calls were no hits`))
      })
    )
}

const openai: Contestant = (baseUrl) => {
  const { chat } = makeOpenai()
  return async (calls) => {
    for (let i = 0; i < calls; i++) await chat(baseUrl)
  }
}

const contestants: { readonly [N in Name]: Contestant } = { "kimi-effect": kimi, openai }

const [name, baseUrl = ""] = process.argv.slice(2)

if (process.send !== undefined) {
  const run = contestants[name as Name](baseUrl)
  process.on("message", async (calls: number) => {
    const before = process.cpuUsage()
    const start = performance.now()
    await run(calls)
    const wall = ((performance.now() - start) * 1_000) / calls
    const { user, system } = process.cpuUsage(before)
    const result: RoundResult = { cpu: (user + system) / calls, wall }
    process.send?.(result)
  })
  process.send("ready")
}
