/** A swarm whose process is killed, and that continues in another one. Start it with the same id as often as you like, on one machine or several. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Journal, KimiNode } from "@kimi-effect/client/node"
import { Swarm, type SwarmEvent } from "@kimi-effect/client/swarm"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const id = "transport-report"

const options = {
  items: ["rail freight", "inland shipping", "air freight"],
  prompt: "Summarize the state of {{item}} in three sentences",
  request: { model: "kimi-k3", max_completion_tokens: 4_000 },
  limits: { cost: { amount: "1.00", currency: "USD" } }
} as const

const layer = (filename: string) =>
  Layer.merge(KimiNode.layerConfig(), Journal.layerSqlite({ filename, lease: "1 second" }))

/** The process ends without warning when its first agent has. */
const crash = (event: SwarmEvent.SwarmEvent): Effect.Effect<void> =>
  Effect.sync(() => {
    if (event._tag === "AgentFinished") process.kill(process.pid, "SIGKILL")
  })

const crashing = Stream.runForEach(Swarm.durableStream(id, Swarm.mapStream(options)), crash)

const continued = Effect.gen(function* () {
  const before = yield* Swarm.status(id)
  const done = before.agents.filter(({ state }) => state === "Done").length
  yield* Console.log(`The process was killed. Calls in the journal: ${before.calls}, agents done: ${done}`)
  const { agents, outcome } = yield* Swarm.durable(id, Swarm.map(options), { pollInterval: "100 millis" })
  const after = yield* Swarm.status(id)
  yield* Console.log(`${outcome._tag}: ${agents.length} agents, further calls: ${after.calls - before.calls}`)
})

const [role, given] = process.argv.slice(2)
if (role === "crash" && given !== undefined) {
  await Effect.runPromise(Effect.provide(crashing, layer(given)))
} else {
  const folder = mkdtempSync(join(tmpdir(), "kimi-effect-"))
  const filename = join(folder, "journal.db")
  await once(fork(fileURLToPath(import.meta.url), ["crash", filename]), "exit")
  await Effect.runPromise(Effect.provide(continued, layer(filename)))
  rmSync(folder, { recursive: true })
}
