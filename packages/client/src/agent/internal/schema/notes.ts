/** What the host has no keyword for goes into the description, which the model reads. */
import type { Json } from "effect/Schema"
import { notesKey } from "./merge.ts"
import type { Node } from "./Rewriting.ts"

/** The bounds that Effect adds to every safe integer are no use to a model. */
const isSafeIntegerBound = (value: number): boolean => Math.abs(value) === Number.MAX_SAFE_INTEGER

/** The host refuses numbers in scientific notation. */
export const isPlainNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && !/e/i.test(String(value))

const isBound = (value: unknown): value is number => typeof value === "number" && !isSafeIntegerBound(value)

const numberNotes = (node: Node): ReadonlyArray<string> => {
  const { exclusiveMaximum, exclusiveMinimum, maximum, minimum, multipleOf } = node
  const isInteger = node["type"] === "integer"
  return [
    ...(isBound(minimum) && !isPlainNumber(minimum) ? [`At least ${minimum}.`] : []),
    ...(isBound(maximum) && !isPlainNumber(maximum) ? [`At most ${maximum}.`] : []),
    ...(isBound(exclusiveMinimum) && !isInteger ? [`Greater than ${exclusiveMinimum}.`] : []),
    ...(isBound(exclusiveMaximum) && !isInteger ? [`Less than ${exclusiveMaximum}.`] : []),
    ...(typeof multipleOf === "number" ? [`A multiple of ${multipleOf}.`] : [])
  ]
}

const stringNotes = ({ contentEncoding, contentMediaType, format, pattern }: Node): ReadonlyArray<string> => [
  // A format is a word for its pattern.
  ...(typeof format === "string" ? [`Format: ${format}.`] : typeof pattern === "string" ? [`Matches ${pattern}.`] : []),
  ...(typeof contentEncoding === "string" ? [`Encoded as ${contentEncoding}.`] : []),
  ...(typeof contentMediaType === "string" ? [`Contains ${contentMediaType}.`] : [])
]

const arrayNotes = ({ uniqueItems }: Node): ReadonlyArray<string> =>
  uniqueItems === true ? ["Without duplicates."] : []

const objectNotes = ({ maxProperties, minProperties }: Node): ReadonlyArray<string> => [
  ...(typeof minProperties === "number" ? [`At least ${minProperties} properties.`] : []),
  ...(typeof maxProperties === "number" ? [`At most ${maxProperties} properties.`] : [])
]

const notesOfType = (node: Node): ReadonlyArray<string> => {
  switch (node["type"]) {
    case "number":
    case "integer":
      return numberNotes(node)
    case "string":
      return stringNotes(node)
    case "array":
      return arrayNotes(node)
    case "object":
      return objectNotes(node)
    default:
      return []
  }
}

const isSentence = (value: unknown): value is string => typeof value === "string" && value !== ""

/** The description with further sentences; absent when it would be empty. */
export const described = (node: Node, ...further: ReadonlyArray<string>): { readonly description?: string } => {
  const notes = Array.isArray(node[notesKey]) ? node[notesKey] : []
  const sentences = [node["description"], ...notes, ...notesOfType(node), ...further].filter(isSentence)
  return sentences.length === 0 ? {} : { description: sentences.join(" ") }
}

/** The default, which the host passes on to the model. */
export const defaultOf = (node: Node): { readonly default?: Json } =>
  node["default"] === undefined ? {} : { default: node["default"] as Json }

const clamped = (keyword: string, value: unknown): { readonly [keyword: string]: number } =>
  isPlainNumber(value) && !isSafeIntegerBound(value) ? { [keyword]: value } : {}

/** Inclusive bounds. An exclusive bound of an integer is the next integer; one of a number is loosened, and the description contains it. */
export const boundsOf = (node: Node): { readonly [keyword: string]: number } => {
  const isInteger = node["type"] === "integer"
  const lower = node["exclusiveMinimum"]
  const upper = node["exclusiveMaximum"]
  const minimum = typeof lower === "number" ? (isInteger ? Math.floor(lower) + 1 : lower) : undefined
  const maximum = typeof upper === "number" ? (isInteger ? Math.ceil(upper) - 1 : upper) : undefined
  const given = (value: unknown, round: (n: number) => number): number | undefined =>
    typeof value === "number" ? (isInteger ? round(value) : value) : undefined
  return {
    ...clamped("minimum", max(given(node["minimum"], Math.ceil), minimum)),
    ...clamped("maximum", min(given(node["maximum"], Math.floor), maximum))
  }
}

const max = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined ? right : right === undefined ? left : Math.max(left, right)

const min = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined ? right : right === undefined ? left : Math.min(left, right)

/** A count of characters or items. */
export const countOf = (node: Node, keyword: string): { readonly [keyword: string]: number } =>
  Number.isInteger(node[keyword]) ? { [keyword]: node[keyword] as number } : {}
