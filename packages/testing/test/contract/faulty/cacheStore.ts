/**
 * A store in a map that keeps every law of the contract, or every law but one: `broken`
 * names the one.
 */
import type { CacheStore } from "@kimi-effect/core/CacheStore"
import { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import { Clock, Effect, Option } from "effect"

export interface Entry {
  readonly bytes: Uint8Array
  readonly expiresAt: number
  readonly tags: ReadonlySet<string>
}

type Store = CacheStore["Service"]

const isKey = (key: string): boolean => /^[0-9a-f]{32,128}$/.test(key)

/** `entries` are those of the location, and `openings` counts its stores. */
export const make = (entries: Map<string, Entry>, openings: number, broken?: string): Effect.Effect<Store> =>
  Effect.map(Clock.Clock, (clock) => {
    const breaks = (law: string) => law === broken
    const now = () => clock.currentTimeMillisUnsafe()
    const isReopened = openings > 1
    let hasSet = false
    let wasCleared = false
    /** A reopened location with 20 entries is that of a restart. */
    if (isReopened && entries.size === 20 && breaks("finds its entries after a restart")) {
      for (const [key, entry] of entries) entries.set(key, { ...entry, bytes: new Uint8Array(1) })
    }
    if (isReopened && breaks("finds its tags after a restart")) {
      for (const [key, entry] of entries) entries.set(key, { ...entry, tags: new Set() })
    }

    const check = (isValid: boolean, operation: string, input = "input") =>
      isValid ? Effect.void : Effect.fail(new CacheStoreError({ message: `Invalid ${input}`, store: "map", operation }))

    const checkKey = (key: string, operation: string) =>
      check(isKey(key), operation, breaks("rejects invalid keys without repeating them in the error") ? key : "key")

    const isExpired = ({ expiresAt, tags }: Entry): boolean => {
      if (breaks("expires an entry after its time") && tags.has("t")) return false
      if (expiresAt === Infinity) return breaks("never expires an entry without an end") && now() > 100_000
      const late = breaks("expires an entry exactly at its time") && expiresAt === 1_000 ? 1 : 0
      return expiresAt + late <= now()
    }

    const current = (): Map<string, Entry> => {
      for (const [key, entry] of entries) if (isExpired(entry)) entries.delete(key)
      return entries
    }

    const checkSet = (key: string, bytes: Uint8Array, expiresAt: number, tags: ReadonlyArray<string>) => {
      const shown = breaks("rejects more than 64 tags without repeating them in the error") ? tags.join() : "tags"
      const most =
        breaks("accepts 64 distinct tags, with one of them repeated") && tags.length === 65
          ? tags.length
          : new Set(tags).size
      return checkKey(key, "set").pipe(
        Effect.andThen(check(most <= 64, "set", shown)),
        Effect.andThen(check(breaks("rejects an expiry that is not a number") || !Number.isNaN(expiresAt), "set")),
        Effect.andThen(check(breaks("rejects an entry of 300 MB") || bytes.length < 2e8, "set"))
      )
    }

    const copyOf = (bytes: Uint8Array, known: Entry | undefined): Uint8Array => {
      if (breaks("copies the bytes when they are set") && bytes.byteOffset > 0) return bytes
      if (breaks("returns entries of 0 bytes to 5 MiB as they were set") && bytes.length === 65_537)
        return bytes.slice(1)
      const isKept =
        breaks("replaces the entry of a key") && known !== undefined && bytes.length === 30 && known.tags.size === 0
      return isKept ? known.bytes : bytes.slice()
    }

    const store = (key: string, bytes: Uint8Array, expiresAt: number, tags: ReadonlyArray<string>): void => {
      hasSet = true
      if (bytes.length > 2e8) return
      const known = entries.get(key)
      const isOver =
        expiresAt <= now() && breaks("removes the previous entry when it sets one that has already expired")
      if (isOver) return
      const kept = breaks("replaces the tags of a key together with its entry") ? (known?.tags ?? []) : []
      entries.set(key, { bytes: copyOf(bytes, known), expiresAt, tags: new Set([...tags, ...kept]) })
    }

    /** Leaves half an entry for a turn, or permanently when it is interrupted. */
    const storeInParts = (key: string, bytes: Uint8Array, expiresAt: number, tags: ReadonlyArray<string>) => {
      const isTorn =
        (breaks("has only whole entries after interruption at any point") && bytes.length === 20_000) ||
        (breaks("has only whole entries after concurrent writes from two stores") &&
          tags.some((tag) => /^t\d$/.test(tag)))
      const whole = Effect.sync(() => store(key, bytes, expiresAt, tags))
      if (!isTorn) return whole
      const half = Effect.sync(() => store(key, bytes.subarray(0, bytes.length / 2), expiresAt, tags))
      return bytes.length === 20_000 ? half.pipe(Effect.andThen(Effect.yieldNow), Effect.andThen(whole)) : half
    }

    const removeTag = (tag: string): void => {
      for (const [key, { tags }] of entries) {
        const isLike =
          breaks("removes exactly the entries with a tag") && [...tags].some((other) => other.startsWith(tag))
        if (tags.has(tag) || isLike) entries.delete(key)
      }
    }

    return {
      name: breaks("reports its name") ? "other" : "map",
      get: (key) =>
        Effect.andThen(
          checkKey(key, "get"),
          Effect.sync(() => {
            const found = current().get(key)?.bytes
            const isUnused = !hasSet && openings === 1
            const isInvented = isUnused && breaks("returns none for a key that was never set")
            return Option.fromUndefinedOr(found ?? (isInvented ? new Uint8Array(1) : undefined))
          })
        ),
      set: (key, bytes, { expiresAt, tags }) =>
        Effect.andThen(
          checkSet(key, bytes, expiresAt, tags),
          Effect.suspend(() =>
            wasCleared && breaks("stores entries after it was cleared")
              ? Effect.void
              : storeInParts(key, bytes, expiresAt, tags)
          )
        ),
      remove: (key) =>
        Effect.andThen(
          checkKey(key, "remove"),
          Effect.suspend(() => {
            if (!entries.has(key) && breaks("ignores the removal of an entry that does not exist"))
              return check(false, "remove")
            if (breaks("removes one entry") && entries.size === 2) entries.clear()
            const isPrefix = breaks("keeps an entry whose key begins with the key that is removed")
            for (const one of entries.keys()) {
              if (one === key || (isPrefix && one.startsWith(key))) entries.delete(one)
            }
            return Effect.void
          })
        ),
      removeTag: (tag) =>
        Effect.suspend(() => {
          const isUnused = ![...entries.values()].some(({ tags }) => tags.has(tag))
          const fails = breaks("ignores the removal of a tag that was never used") && isUnused && tag === "never used"
          removeTag(tag)
          return check(!fails, "removeTag")
        }),
      clear: Effect.sync(() => {
        wasCleared = true
        if (breaks("clears all entries of its location only") && entries.size === 600) return
        entries.clear()
      }),
      statistics: Effect.sync(() => ({
        entries: current().size,
        bytes: [...entries.values()].reduce(
          (total, { bytes }) => total + (breaks("counts entries with their bytes") ? 1 : bytes.length),
          0
        )
      }))
    }
  })
