/** Keys and entries for tests of cache stores. */
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import type { CacheStore, SetOptions } from "@kimi-effect/core/CacheStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { equal, isTrue } from "./expect.ts"

export type Store = CacheStore["Service"]

/** One step of a xorshift generator. */
const nextState = (state: number): number => {
  let next = state
  next ^= next << 13
  next ^= next >>> 17
  return next ^ (next << 5)
}

/** Pseudo-random bytes, the same for the same seed. */
export const bytesOf = (size: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(size)
  let state = seed >>> 0 || 1
  for (let i = 0; i < size; i += 1) {
    state = nextState(state)
    bytes[i] = state
  }
  return bytes
}

/** A key in the format of the cache: 64 hexadecimal digits, the same for the same name. */
export const keyOf = (name: string | number): string => {
  let state = 0x811c9dc5
  for (const character of `${name}`) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return Array.from({ length: 8 }, () => {
    state = nextState(state === 0 ? 1 : state)
    return (state >>> 0).toString(16).padStart(8, "0")
  }).join("")
}

/** Fails the test unless the entry was found with exactly these bytes. */
export const assertEntry = (found: Option.Option<Uint8Array>, expected: Uint8Array): void => {
  isTrue(Option.isSome(found), "there is no entry")
  const bytes = Option.getOrElse(found, () => new Uint8Array())
  isTrue(bytes.length === expected.length && bytes.every((byte, i) => byte === expected[i]), "the entry differs")
}

/** Fails the test if an entry was found. */
export const assertNone = (found: Option.Option<Uint8Array>): void =>
  equal(Option.isNone(found), true, "the store has no entry for the key")

/** Options for an entry that expires after `millis`. */
export const keptFor = (millis: number, ...tags: ReadonlyArray<string>): Effect.Effect<SetOptions> =>
  Effect.map(Clock.currentTimeMillis, (now) => ({ expiresAt: now + millis, tags }))

const hour = 3_600_000

/** Stores an entry for an hour. */
export const keep = (
  store: Store,
  key: string,
  entry: Uint8Array,
  ...tags: ReadonlyArray<string>
): Effect.Effect<void, CacheStoreError> =>
  Effect.flatMap(keptFor(hour, ...tags), (options) => store.set(key, entry, options))
