/** The state of one rewrite of a JSON Schema document, and the words for what it refuses. */
import * as Predicate from "effect/Predicate"
import type { Json } from "effect/Schema"

/** A JSON Schema as it is read: any member may be missing or wrong. */
export interface Node {
  readonly [keyword: string]: unknown
}

/** A JSON Schema as it is sent. */
export interface Sent {
  readonly [keyword: string]: Json
}

/** What cannot be expressed, and where. */
export interface Refusal {
  /** Path in the schema, such as `properties.items.items`; empty at the root. */
  readonly path: string
  readonly reason: string
}

export interface Rewriting {
  readonly definitions: Node
  /** The definitions that refer to themselves: they stay, all others are written in place. */
  readonly recursive: ReadonlySet<string>
  /** The recursive definitions that the result refers to, with their names in it. */
  readonly used: Map<string, string>
  /** The first one counts. */
  readonly refusals: Array<Refusal>
  /** Rewrites a schema inside another one. */
  readonly inner: (node: Node, path: string) => Sent
}

export const isNode = (value: unknown): value is Node => Predicate.isObject(value)

/** Refuses a schema. The result is not used, since the whole document is refused. */
export const refuse = ({ refusals }: Rewriting, path: string, reason: string): Sent => {
  refusals.push({ path, reason })
  return {}
}

export const join = (path: string, name: string | number): string => (path === "" ? String(name) : `${path}.${name}`)

export const withoutKeys = (node: Node, keys: ReadonlySet<string>): Node =>
  Object.fromEntries(Object.entries(node).filter(([key]) => !keys.has(key)))

/** Keywords that do not change which values are valid. */
export const annotations: ReadonlySet<string> = new Set([
  "description",
  "title",
  "examples",
  "default",
  "readOnly",
  "writeOnly",
  "deprecated",
  "$comment",
  "$schema",
  "$id",
  "~notes"
])
