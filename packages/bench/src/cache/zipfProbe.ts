/** A workload with few frequent and many rare prompts, through a client with or without a cache. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode, ResponseCache } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { apiKey, model } from "../transport/Contestant.ts"

/** Whether the client has a cache. */
export type Name = "cached" | "uncached"

export interface Result {
  readonly callsPerSecond: number
  /** The fraction of lookups that were hits in memory. */
  readonly hitRate: number
}

const distinct = 1_000
const inFlight = 64
/** Prompts of the warm-up, each sent twice. */
const warmUp = 3_000

/** Prompts by Zipf's law with exponent 1: the second is half as frequent as the first, the third a third. */
const draw = (calls: number) =>
  Effect.gen(function* () {
    const bounds: Array<number> = []
    let sum = 0
    for (let rank = 1; rank <= distinct; rank++) bounds.push((sum += 1 / rank))
    const prompts: Array<number> = []
    for (let i = 0; i < calls; i++) {
      const at = (yield* Random.next) * sum
      prompts.push(bounds.findIndex((bound) => at < bound))
    }
    return prompts
  })

const measure = (calls: number) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const cache = yield* ResponseCache.ResponseCache
    const ask = (content: string) => kimi.chat({ model, messages: [{ role: "user", content }] })
    const work = (prompts: ReadonlyArray<number>, what: string) =>
      Effect.forEach(prompts, (prompt) => ask(`${what} ${prompt}`), { concurrency: inFlight, discard: true })
    const prompts = yield* Random.withSeed(draw(calls), "zipf")
    // The warm-up opens connections and compiles the code of misses and of hits.
    const others = Array.from({ length: warmUp }, (_, i) => i)
    yield* work(others, "Warm up")
    yield* work(others, "Warm up")
    const before = (yield* cache.statistics).memory
    const start = performance.now()
    yield* work(prompts, "Question")
    const seconds = (performance.now() - start) / 1_000
    const { hits } = (yield* cache.statistics).memory
    const result: Result = { callsPerSecond: calls / seconds, hitRate: (hits - before.hits) / calls }
    return result
  })

const [name, baseUrl = "", calls = ""] = process.argv.slice(2)

if (process.send !== undefined) {
  const client = KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl })
  const cache = name === "cached" ? ResponseCache.layerMemory() : ResponseCache.layerOff
  process.send(await Effect.runPromise(Effect.provide(measure(Number(calls)), Layer.provideMerge(client, cache))))
}
