/**
 * The table that libraries of this kind advertise: a basic client (`v1`, one
 * attempt and no stage) next to this one (`v2`), without and with a cache, at a
 * host that fails one attempt in ten; then a batch and a swarm next to one call after
 * another. Both are this library, so that the difference is that of the stages.
 *
 * `KIMI_SEED` repeats a run. The seed decides the failures of the host and the
 * prompts of the calls, not the times.
 */
import type { Figure } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { Received } from "./failures.ts"
import { measureBatch, measureSwarm } from "./jobs.ts"
import { type Client, clients, type Result } from "./workload.ts"

const module = (name: string): URL => new URL(name, import.meta.url)

const percentile = (sorted: ReadonlyArray<number>, fraction: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN

const measure = async (client: Client, seed: string, calls: number): Promise<ReadonlyArray<Figure>> => {
  const host = await start<string>(module("./host.ts"), [seed, `${calls}`])
  const child = await start<Result>(module("./clientProbe.ts"), [client, seed, host.message, `${calls}`])
  // The host replies to any message with what it has received.
  const { attempts, callsWithFailure } = (await host.ask("received")) as Received
  await child.stop()
  await host.stop()
  const { hitRate, latencies, saved, seconds, succeeded } = child.message
  const sorted = latencies.toSorted((a, b) => a - b)
  const figure = (name: string, value: number, unit: string, isHigherBetter = false): Figure => ({
    name: `${name}, ${client}`,
    value,
    unit,
    isHigherBetter
  })
  const isCached = client === "v2 cached"
  return [
    figure("latency, mean", sorted.reduce((a, b) => a + b, 0) / sorted.length, "ms"),
    figure("latency, median", percentile(sorted, 0.5), "ms"),
    figure("latency, p95", percentile(sorted, 0.95), "ms"),
    figure("latency, p99", percentile(sorted, 0.99), "ms"),
    figure("throughput", succeeded / seconds, "responses/s", true),
    figure("attempts at the host per call", attempts / calls, ""),
    {
      ...figure("calls that succeed", succeeded / calls, "of 1", true),
      ...(client === "v1" ? {} : { threshold: 0.99 })
    },
    ...(isCached
      ? [
          // A cached response has no attempt: only without a cache is each call one of the host's.
          { ...figure("cache hit rate", hitRate, "of 1", true), threshold: 0.6 },
          figure("cost saved by the cache", saved, "of 1", true)
        ]
      : [
          figure(
            "calls with a failed attempt that succeed",
            (callsWithFailure - (calls - succeeded)) / callsWithFailure,
            "of 1",
            true
          )
        ])
  ]
}

/** How many times better one client is than another. */
const timesBetter = (figures: ReadonlyArray<Figure>, name: string, better: Client, base: Client): Figure => {
  const valueOf = (client: Client): Figure | undefined => figures.find((one) => one.name === `${name}, ${client}`)
  const [of, to] = [valueOf(better), valueOf(base)]
  const ratio = (of?.value ?? Number.NaN) / (to?.value ?? Number.NaN)
  const value = of?.isHigherBetter === true ? ratio : 1 / ratio
  return { name: `${name}, ${better} over ${base}`, value, unit: "x", isHigherBetter: true }
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const seed = process.env["KIMI_SEED"] ?? "claims"
  const calls = isQuick ? 1_000 : 10_000
  process.stderr.write(`KIMI_SEED=${seed}, ${calls} calls\n`)
  const figures: Array<Figure> = []
  for (const client of clients) figures.push(...(await measure(client, seed, calls)))
  return [
    ...figures.toSorted((a, b) => a.name.localeCompare(b.name)),
    timesBetter(figures, "latency, mean", "v2 cached", "v1"),
    timesBetter(figures, "throughput", "v2 cached", "v1"),
    timesBetter(figures, "throughput", "v2", "v1"),
    ...(await measureBatch(seed, isQuick ? 500 : 2_000)),
    ...(await measureSwarm(seed, isQuick ? 30 : 100))
  ]
}
