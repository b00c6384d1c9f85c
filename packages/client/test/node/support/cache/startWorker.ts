/**
 * A process that opens the SQLite file of every path it is sent, uses the store
 * once, and prints `ok` or what failed.
 */
import { createInterface } from "node:readline"
import { bytesOf, keep, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Effect, Logger } from "effect"
import * as CacheStore from "../../../../src/node/CacheStore.ts"

const start = (path: string) =>
  Effect.gen(function* () {
    const store = yield* CacheStore.makeSqlite({ path })
    yield* keep(store, keyOf(process.pid), bytesOf(100))
    yield* store.get(keyOf(process.pid))
    return "ok"
  }).pipe(
    Effect.scoped,
    Effect.catchCause((cause) => Effect.succeed(String(cause).replaceAll("\n", " "))),
    Effect.provide(Logger.layer([]))
  )

process.stdout.write("ready\n")
for await (const path of createInterface(process.stdin)) {
  process.stdout.write(`${await Effect.runPromise(start(path))}\n`)
}
