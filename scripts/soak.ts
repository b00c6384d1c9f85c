/**
 * `npm run soak`: mixed chats and streams over real sockets through a client
 * with every stage on, at a host that fails three requests of ten. Limits and
 * circuits are in Redis, the budget and the cache in SQLite files.
 *
 * Every minute another process on the same stores is killed while it makes
 * calls, and Redis is killed and restarted. Then all calls are interrupted, and
 * sockets, permits, reservations and fibers must return to zero, the heap must
 * not have grown, every text must have been the whole response to its prompt, and
 * no call may have failed with anything but an error of the library.
 *
 * `KIMI_SOAK_MINUTES` sets the duration of the traffic, an hour by default; a
 * fraction is allowed. After each minute, leases of the killed process may take
 * half a minute to expire. `KIMI_SEED` sets the seed of traffic and faults;
 * their timing is that of the machine. Needs `redis-server`. Exits with 1 on a
 * violation, of which it writes a heap snapshot, and with 2 for invalid settings.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { writeHeapSnapshot } from "node:v8"
import { KimiClient } from "@kimi-effect/client"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { privateRedis, urlOf } from "../packages/client/test/node/support/redis.ts"
import * as FiberCounter from "../packages/testing/src/internal/fiberCounter.ts"
import { awaitIdle, heapBytes, type Inspected, violationsOf } from "./soak/checks.ts"
import * as SoakClient from "./soak/client.ts"
import * as Kills from "./soak/kills.ts"
import * as SoakHost from "./soak/host.ts"
import * as Traffic from "./soak/traffic.ts"

const seed = process.env["KIMI_SEED"] ?? crypto.randomUUID().slice(0, 8)
const minutes = Number(process.env["KIMI_SOAK_MINUTES"] ?? 60)
if (!Number.isFinite(minutes) || minutes <= 0) {
  process.stderr.write("KIMI_SOAK_MINUTES must be a number over zero\n")
  process.exit(2)
}
if (globalThis.gc === undefined) {
  process.stderr.write("Run with --expose-gc, as `npm run soak` does: the heap is measured after a collection\n")
  process.exit(2)
}

/** A run of less than two minutes has two rounds, so that the growth of the heap can be seen. */
const rounds = Math.max(2, Math.ceil(minutes))
const roundSeconds = (minutes * 60) / rounds

/** One round of traffic, after which nothing may be in use. Returns the bytes of the heap and the violations. */
const runRound = Effect.fnUntraced(function* (
  round: number,
  inspected: Inspected,
  firstHeap: number | undefined,
  kills: Effect.Effect<void, unknown, Scope.Scope>
) {
  const counts = Traffic.emptyCounts()
  const traffic = Effect.timeoutOption(Traffic.run(counts), `${roundSeconds} seconds`)
  yield* Effect.scoped(Effect.all([traffic, kills], { concurrency: "unbounded", discard: true }))
  const usage = yield* awaitIdle(inspected)
  const heap = yield* heapBytes
  const failures = [...counts.failed].toSorted(([, a], [, b]) => b - a).map(([tag, count]) => `${tag} ${count}`)
  const inUse = Object.entries(usage).map(([name, count]) => `${name} ${count}`)
  yield* Console.log(
    `round ${round}/${rounds}: ${counts.succeeded} succeeded, ${counts.interrupted} interrupted, ` +
      `failed: ${failures.join(", ")}; ${counts.untyped.length} untyped, ${counts.wrong.length} wrong; in use: ${inUse.join(", ")}; heap ${(heap / 1_048_576).toFixed(1)} MiB`
  )
  const none = counts.succeeded === 0 || counts.failed.size === 0 ? ["no call succeeded, or none failed"] : []
  const violations = [...violationsOf(usage, { first: firstHeap ?? heap, now: heap }, counts), ...none]
  if (violations.length > 0) {
    const path = join(tmpdir(), `kimi-soak-${seed}-${round}.heapsnapshot`)
    yield* Console.log(`heap snapshot with what is still in use: ${writeHeapSnapshot(path)}`)
  }
  return { heap, violations }
})

const program = Effect.gen(function* () {
  yield* Console.log(`KIMI_SEED=${seed} KIMI_SOAK_MINUTES=${minutes}`)
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-soak-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  const server = yield* SoakHost.make
  const redis = yield* privateRedis
  const redisUrl = urlOf(redis.port)
  const fibers = FiberCounter.make()
  const violations: Array<string> = []
  const soak = Effect.gen(function* () {
    const client = yield* KimiClient.KimiClient
    const idleFibers = fibers.active()
    let firstHeap: number | undefined
    for (let round = 1; round <= rounds && violations.length === 0; round++) {
      const { heap, violations: found } = yield* runRound(
        round,
        { client, server, fibers, idleFibers },
        firstHeap,
        Kills.during([server.url, redisUrl, folder, `${seed}/${round}`], redis, roundSeconds)
      )
      firstHeap ??= heap
      violations.push(...found)
    }
  })
  yield* Effect.provide(soak, SoakClient.layer({ baseUrl: server.url, redisUrl, folder, audit: "audit.jsonl" })).pipe(
    Effect.provideService(Metric.FiberRuntimeMetrics, fibers)
  )
  const sockets = yield* server.openConnections
  if (sockets > 0) violations.push(`sockets: ${sockets} open after the client was closed`)
  return violations
})

const violations = await Effect.runPromise(Random.withSeed(Effect.scoped(program), seed))
for (const violation of violations) process.stderr.write(`${violation}\n`)
process.stdout.write(violations.length === 0 ? "No violation\n" : `${violations.length} violations\n`)
process.exitCode = violations.length === 0 ? 0 : 1
