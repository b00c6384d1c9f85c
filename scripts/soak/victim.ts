/** A process that makes calls on the same stores until it is killed. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as SoakClient from "./client.ts"
import * as Traffic from "./traffic.ts"

const [baseUrl = "", redisUrl = "", folder = "", seed = ""] = process.argv.slice(2)

await Effect.runPromise(
  Traffic.run(Traffic.emptyCounts()).pipe(
    Effect.provide(SoakClient.layer({ baseUrl, redisUrl, folder, audit: "audit-victim.jsonl" })),
    Random.withSeed(seed)
  )
)
