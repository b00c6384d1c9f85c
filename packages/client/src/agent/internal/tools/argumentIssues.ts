/** Reports what is wrong with arguments without repeating them. */
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Mismatch } from "./checkValue.ts"
import type { ValidatorIssue } from "./Validator.ts"

/** A model that repairs its call needs no more. */
const maxIssues = 5

const constantMessage = (issue: SchemaIssue.Filter): string => {
  const { expected, message } = issue.filter.annotations ?? {}
  if (typeof message === "string") return message
  return typeof expected === "string" ? `Expected ${expected}` : "Expected a valid value"
}

/** Messages that a filter or a transformation makes of a value may contain it; only those of the schema are used. */
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "InvalidValue" ? "Expected a valid value" : SchemaIssue.defaultLeafHook(issue)),
  checkHook: constantMessage
})

/** The property names that a JSON Schema mentions. */
export const namesIn = (jsonSchema: unknown): ReadonlySet<string> => {
  const names = new Set<string>()
  const open: Array<unknown> = [jsonSchema]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== "object" || next === null) continue
    for (const [name, inner] of Object.entries(next)) {
      names.add(name)
      open.push(inner)
    }
  }
  return names
}

/** What is wrong with arguments. */
export interface ArgumentIssue {
  /** Names that the model chose, such as the keys of a record, are `*`. */
  readonly path: string
  readonly message: string
}

const pathOf = (segments: ReadonlyArray<PropertyKey>, names: ReadonlySet<string>): string =>
  segments
    .map((segment) => (typeof segment === "number" || names.has(String(segment)) ? String(segment) : "*"))
    .join(".")

/** The issues that a codec found. */
export const decodingIssues = (error: Schema.SchemaError, names: ReadonlySet<string>): ReadonlyArray<ArgumentIssue> =>
  format(error.issue)
    .issues.slice(0, maxIssues)
    .map(({ message, path = [] }) => ({
      message,
      path: pathOf(
        path.map((segment) => (typeof segment === "object" ? segment.key : segment)),
        names
      )
    }))

/** The issue that the check of a JSON Schema found. */
export const mismatchIssue = ({ expected, path }: Mismatch, names: ReadonlySet<string>): ArgumentIssue => ({
  message: `Expected ${expected}`,
  path: pathOf(path, names)
})

/** Shorter values are in many sentences by chance. */
const minRepeated = 3

/** Whether a text repeats a value of the arguments, or a name in them that is not one of the schema. */
const repeats = (text: string, json: unknown, names: ReadonlySet<string>): boolean => {
  const isRepeated = (value: string) => value.length >= minRepeated && text.includes(value)
  const open = [json]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== "object" || next === null) {
      if (isRepeated(String(next)) && typeof next !== "boolean" && next !== null) return true
      continue
    }
    for (const [name, inner] of Object.entries(next)) {
      if (!names.has(name) && !Array.isArray(next) && isRepeated(name)) return true
      open.push(inner)
    }
  }
  return false
}

const maxMessageLength = 256

/** The issues that a library of the caller found; a message that repeats an argument is left out. */
export const validatorIssues = (
  issues: ReadonlyArray<ValidatorIssue>,
  json: unknown,
  names: ReadonlySet<string>
): ReadonlyArray<ArgumentIssue> =>
  issues.slice(0, maxIssues).map(({ message, path }) => ({
    message: repeats(message, json, names) ? "Expected a valid value" : message.slice(0, maxMessageLength),
    path: pathOf(path, names)
  }))
