/**
 * A process that uses an SQLite file together with others, and prints a
 * report of its operations and of wrong entries. Arguments: the path, its name
 * and the number of turns.
 */
import * as CacheEnvelope from "@kimi-effect/core/internal/CacheEnvelope"
import { keep, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Effect, Option, Random } from "effect"
import * as CacheStore from "../../../../src/node/CacheStore.ts"

/** What a process has seen. */
export interface Report {
  readonly turns: number
  readonly shared: number
  readonly wrong: ReadonlyArray<string>
}

const times = { createdAt: 1, staleAt: 2, expiresAt: 3 }

const textOf = (key: string, writer: string, turn: number): string =>
  `${key} ${writer} ${turn} ${"x".repeat(turn % 5_000)}`

const run = (path: string, name: string, turns: number) =>
  Effect.gen(function* () {
    const store = yield* CacheStore.makeSqlite({ path })
    const envelope = yield* CacheEnvelope.make()
    const own = new Map<string, string>()
    const wrong: Array<string> = []
    let shared = 0

    const set = (key: string, turn: number, ...tags: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        const text = textOf(key, name, turn)
        const sealed = yield* envelope.seal(key, { body: new TextEncoder().encode(text), ...times })
        yield* keep(store, key, Option.getOrThrow(sealed), ...tags)
        return text
      })

    const get = (key: string) =>
      Effect.gen(function* () {
        const found = yield* store.get(key)
        if (Option.isNone(found)) return undefined
        const opened = yield* envelope.open(key, found.value)
        return new TextDecoder().decode(Option.getOrThrow(opened).body)
      })

    for (let turn = 0; turn < turns; turn++) {
      if (turn % 500 === 250) process.stdout.write(".")
      const ownKey = keyOf(`${name} ${yield* Random.nextIntBetween(0, 50)}`)
      const sharedKey = keyOf(`shared ${yield* Random.nextIntBetween(0, 50)}`)
      switch (yield* Random.nextIntBetween(0, 5)) {
        case 0:
          own.set(ownKey, yield* set(ownKey, turn, name))
          break
        case 1:
          yield* set(sharedKey, turn, "shared", `by ${name}`)
          break
        case 2:
          yield* store.remove(ownKey)
          own.delete(ownKey)
          break
        case 3:
          if (turn % 20 === 0) yield* store.removeTag("shared")
          if (turn % 50 === 0) {
            yield* store.removeTag(name)
            own.clear()
          }
          break
        default: {
          const text = yield* get(ownKey)
          if (text !== own.get(ownKey))
            wrong.push(`own entry ${text?.slice(0, 100)}, not ${own.get(ownKey)?.slice(0, 100)}`)
          const other = yield* get(sharedKey)
          if (other === undefined) break
          shared += 1
          if (!other.startsWith(`${sharedKey} `)) wrong.push(`shared entry ${other.slice(0, 100)}`)
        }
      }
    }
    return { turns, shared, wrong } satisfies Report
  }).pipe(
    Effect.scoped,
    Effect.catch((error) =>
      Effect.succeed({ turns: 0, shared: 0, wrong: [`${error.name}: ${error.message}`] } satisfies Report)
    )
  )

const [, script = "", path = "", name = "", turns = ""] = process.argv
if (import.meta.filename === script) {
  const report = await Effect.runPromise(run(path, name, Number(turns)))
  process.stdout.write(`\n${JSON.stringify(report)}`)
}
