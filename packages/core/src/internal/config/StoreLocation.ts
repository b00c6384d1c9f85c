/**
 * Where a stage keeps its state, as one text: `memory`, `sqlite:PATH`,
 * `file:PATH` or the URL of a Redis.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as RedisUrl from "../RedisUrl.ts"
import { type OptionForm, parsed } from "./OptionForm.ts"

/**
 * A store. The URL of a Redis may hold credentials.
 *
 * @category models
 * @since 0.1.0
 */
export type StoreLocation =
  | { readonly _tag: "Off" }
  | { readonly _tag: "Memory" }
  | { readonly _tag: "Sqlite"; readonly path: string }
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Redis"; readonly url: Redacted.Redacted<string> }

/**
 * @category constructors
 * @since 0.1.0
 */
export const off: StoreLocation = { _tag: "Off" }

/**
 * @category constructors
 * @since 0.1.0
 */
export const memory: StoreLocation = { _tag: "Memory" }

type Kind = "off" | "memory" | "sqlite" | "file" | "redis"

const tags = { off: "Off", memory: "Memory", sqlite: "Sqlite", file: "File", redis: "Redis" } as const

const notations = { off: "off", memory: "memory", sqlite: "sqlite:PATH", file: "file:PATH", redis: "redis://HOST:PORT" }

/** `redis:URL` or the URL alone, whose scheme is unambiguous. */
const redisUrlOf = (text: string): string | undefined => {
  const url = /^redis:(?=rediss?:)/.test(text) ? text.slice("redis:".length) : text
  return RedisUrl.parse(url) === undefined ? undefined : url
}

/** SQLite's names that begin with a colon are databases that end with the process. */
const isPath = (path: string): boolean => path.trim() !== "" && !path.startsWith(":") && !path.includes("\0")

const fromText = (text: string): StoreLocation | undefined => {
  if (text === "off") return off
  if (text === "memory") return memory
  const [, kind, path = ""] = /^(sqlite|file):(.*)$/s.exec(text) ?? []
  if (kind !== undefined) return isPath(path) ? { _tag: kind === "sqlite" ? "Sqlite" : "File", path } : undefined
  const url = redisUrlOf(text)
  return url === undefined ? undefined : { _tag: "Redis", url: Redacted.make(url) }
}

/** The same location as a text, where it has been checked before. */
const toText = (location: StoreLocation): string => {
  switch (location._tag) {
    case "Off":
      return "off"
    case "Memory":
      return "memory"
    case "Sqlite":
      return `sqlite:${location.path}`
    case "File":
      return `file:${location.path}`
    case "Redis":
      return Redacted.isRedacted(location.url) ? Redacted.value(location.url) : ""
  }
}

const isLocation = (given: unknown): given is StoreLocation =>
  typeof given === "object" && given !== null && "_tag" in given && Object.values<unknown>(tags).includes(given._tag)

/**
 * The form of a location of one of several kinds. Code gives it as the same
 * text or as a `StoreLocation`.
 *
 * @category forms
 * @since 0.1.0
 */
export const form = (kinds: ReadonlyArray<Kind>): OptionForm<StoreLocation, StoreLocation | string> => {
  const known = kinds.map((kind) => notations[kind])
  const expected = `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`
  return parsed({
    expected,
    parse: (found) => {
      const text = isLocation(found) ? toText(found) : found
      const location = typeof text === "string" ? fromText(text) : undefined
      return location !== undefined && kinds.some((kind) => tags[kind] === location._tag)
        ? Result.succeed(location)
        : Result.fail([{ at: "", expected }])
    },
    // Credentials are in the URL only.
    format: (location) => (location._tag === "Redis" ? "redis" : toText(location))
  })
}
