/** Calls that hit an SQLite file: the memory holds one response, and no call repeats the previous one. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { KimiNode, ResponseCache } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { apiKey, model } from "../transport/Contestant.ts"

/** Microseconds per call. */
export interface RoundResult {
  readonly cpu: number
  readonly wall: number
}

const [baseUrl = ""] = process.argv.slice(2)

const distinct = 500
const calls = 5_000

const folder = mkdtempSync(join(tmpdir(), "kimi-effect-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const runtime = ManagedRuntime.make(
  Layer.provideMerge(
    KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl }),
    ResponseCache.layerSqlite({ path: join(folder, "answers.db") }, { maxEntries: 1 })
  )
)

const ask = (kimi: KimiClient.KimiClient["Service"], i: number) =>
  kimi.chat({ model, messages: [{ role: "user", content: `Question ${i % distinct}` }] })

const filled = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const cache = yield* ResponseCache.ResponseCache
  for (let i = 0; i < distinct; i++) yield* ask(kimi, i)
  yield* Effect.repeat(Effect.delay(cache.statistics, "10 millis"), {
    until: ({ store }) => store?.writes === distinct
  })
})

const round = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const cache = yield* ResponseCache.ResponseCache
  const hits = () => Effect.map(cache.statistics, ({ store }) => store?.hits ?? 0)
  const before = yield* hits()
  const used = process.cpuUsage()
  const start = performance.now()
  for (let i = 0; i < calls; i++) yield* ask(kimi, i)
  const wall = ((performance.now() - start) * 1_000) / calls
  const { system, user } = process.cpuUsage(used)
  const found = (yield* hits()) - before
  const result: RoundResult = { cpu: (user + system) / calls, wall }
  return found === calls ? result : yield* Effect.die(new Error(`${found} of ${calls} calls were found in the store`))
})

if (process.send !== undefined) {
  await runtime.runPromise(filled)
  process.on("message", async () => {
    process.send?.(await runtime.runPromise(round))
  })
  // Removes the file when the process is asked to end.
  process.on("SIGTERM", () => process.exit(0))
  process.send("ready")
}
