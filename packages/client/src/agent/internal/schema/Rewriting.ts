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
  /** The recursive definitions that the result refers to. */
  readonly used: Set<string>
  /** The first one counts. */
  readonly refusals: Array<Refusal>
}

export const isNode = (value: unknown): value is Node => Predicate.isObject(value)

/** Refuses a schema. The result is not used, since the whole document is refused. */
export const refuse = ({ refusals }: Rewriting, path: string, reason: string): Sent => {
  refusals.push({ path, reason })
  return {}
}

export const join = (path: string, name: string | number): string => (path === "" ? String(name) : `${path}.${name}`)

/** The definition that a reference within the document names. */
export const definitionName = ($ref: unknown): string | undefined =>
  typeof $ref === "string" ? /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec($ref)?.[1] : undefined
