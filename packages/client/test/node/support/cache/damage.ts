/** Damages the files of stores, and checks that no wrong entry is returned. */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, writeSync } from "node:fs"
import { assert } from "@effect/vitest"
import * as CacheEnvelope from "@kimi-effect/core/internal/CacheEnvelope"
import { Cause, Effect, Exit, Option, Random } from "effect"
import { bytesOf, keep, keyOf, type Store } from "@kimi-effect/testing/internal/CacheEntries"

/** Changes some bytes of a file, in place. */
export const flip = (path: string, most = 20) =>
  Effect.gen(function* () {
    if (!existsSync(path) || statSync(path).size === 0) return
    const file = openSync(path, "r+")
    const { size } = fstatSync(file)
    const flips = yield* Random.nextIntBetween(1, most)
    for (let i = 0; i < flips; i++) {
      const at = yield* Random.nextIntBetween(0, size - 1)
      const byte = Buffer.alloc(1)
      readSync(file, byte, 0, 1, at)
      byte[0] = (byte[0] ?? 0) ^ (yield* Random.nextIntBetween(1, 255))
      writeSync(file, byte, 0, 1, at)
    }
    closeSync(file)
  })

/** Makes a database unreadable for SQLite from its first byte on. */
export const damageFormatMark = (path: string): void => {
  const file = openSync(path, "r+")
  writeSync(file, "damaged", 0)
  closeSync(file)
}

const bodyOf = (i: number): Uint8Array => bytesOf(500 + i * 37, i + 1)

const times = { createdAt: 1, staleAt: 2, expiresAt: 3 }

/** Keeps sealed entries under the first keys. */
export const fill = (store: Store, envelope: CacheEnvelope.CacheEnvelope, entries: number) =>
  Effect.forEach(
    Array.from({ length: entries }, (_, i) => i),
    (i) =>
      Effect.flatMap(envelope.seal(keyOf(i), { body: bodyOf(i), ...times }), (sealed) =>
        keep(store, keyOf(i), Option.getOrThrow(sealed), `tag ${i % 3}`)
      ),
    { discard: true }
  )

/** The result of an operation, which may fail only with a `CacheStoreError`. */
export const withoutDefect = <A, E extends { readonly _tag: string }>(operation: Effect.Effect<A, E>) =>
  Effect.map(Effect.exit(operation), (exit) => {
    if (Exit.isSuccess(exit)) return Option.some(exit.value)
    const error = Cause.findErrorOption(exit.cause)
    assert.isTrue(Option.isSome(error) && error.value._tag === "CacheStoreError", Cause.pretty(exit.cause))
    return Option.none()
  })

/** Reads the first keys: every entry is right, or is none. Returns how many are right. */
export const readAll = (store: Store, envelope: CacheEnvelope.CacheEnvelope, entries: number) =>
  Effect.gen(function* () {
    let right = 0
    for (let i = 0; i < entries; i++) {
      const found = Option.flatten(yield* withoutDefect(store.get(keyOf(i))))
      if (Option.isNone(found)) continue
      const opened = yield* envelope.open(keyOf(i), found.value)
      if (Option.isNone(opened)) continue
      assert.isTrue(Buffer.from(opened.value.body).equals(bodyOf(i)), `entry ${i} is wrong`)
      right += 1
    }
    return right
  })
