/** One swarm over sockets, in a separate process: its times and the memory beyond that of an idle client. */
import { KimiNode } from "@kimi-effect/client/node"
import { Swarm } from "@kimi-effect/client/swarm"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { makeTools } from "./tools.ts"

export interface Result {
  /** Seconds. */
  readonly wall: number
  /** Seconds of CPU of the process. */
  readonly cpu: number
  /** Bytes of the process. */
  readonly idle: number
  readonly peak: number
  readonly finished: number
  readonly steps: number
}

const [url = "", agents = "1"] = process.argv.slice(2)

const swarm = (size: number) =>
  Effect.gen(function* () {
    const tools = yield* makeTools
    return yield* Swarm.map({
      items: Array.from({ length: size }, (_, index) => index),
      prompt: "Review part {{item}}",
      tools,
      request: { model: "kimi-k3", max_completion_tokens: 1_000 },
      concurrency: 100
    })
  })

const client = KimiNode.layer({ apiKey: Redacted.make("sk-bench"), baseUrl: url, maxConcurrency: 100 })

const program = Effect.gen(function* () {
  // Connects, loads and compiles what the measured swarm uses.
  yield* swarm(1)
  globalThis.gc?.()
  const idle = process.memoryUsage.rss()
  let peak = idle
  const sample = Effect.sync(() => void (peak = Math.max(peak, process.memoryUsage.rss())))
  const sampling = yield* Effect.forkChild(Effect.repeat(sample, Schedule.spaced("20 millis")))
  const before = process.cpuUsage()
  const start = performance.now()
  const { agents: results, report } = yield* swarm(Number(agents))
  const wall = (performance.now() - start) / 1_000
  const { system, user } = process.cpuUsage(before)
  yield* Fiber.interrupt(sampling)
  return {
    wall,
    cpu: (user + system) / 1_000_000,
    idle,
    peak,
    finished: results.filter(({ outcome }) => outcome._tag === "Finished").length,
    steps: report.steps
  } satisfies Result
}).pipe(Effect.provide(client))

if (process.send !== undefined) process.send(await Effect.runPromise(program))
