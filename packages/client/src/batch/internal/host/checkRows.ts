/** Checks rows that a program gives for a batch that is at the host: programs without types can give anything. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { HostRow } from "./prepare.ts"

const maxIssues = 10
const maxIdLength = 200

/** An id in a message. */
const shown = (id: string): string => JSON.stringify(id.length > maxIdLength ? `${id.slice(0, maxIdLength)}…` : id)

const isIterable = (rows: unknown): boolean =>
  Array.isArray(rows) || (Predicate.isObject(rows) && Symbol.iterator in rows)

export const rowsRule = (rows: unknown): OptionRules.Rule => [
  "rows",
  rows === undefined || isIterable(rows),
  "an iterable of rows with an id and a line"
]

/** None of what is no iterable, which the rule refuses. */
export const toArray = (rows: Iterable<HostRow>): ReadonlyArray<HostRow> => (isIterable(rows) ? [...rows] : [])

/** Whether it is a line of an input. */
export const isLine = (line: unknown): line is number => Number.isSafeInteger(line) && Number(line) >= 1

/** The form of a row: that of `HostRow`, in which a batch is prepared too. */
const rulesOf = (row: unknown, index: number): ReadonlyArray<OptionRules.Rule> => {
  const path = `rows[${index}]`
  if (!Predicate.isObject(row)) return [[path, false, "a row with an id and a line"]]
  return [
    [`${path}.id`, typeof row["id"] === "string", "the id of the row in the batch, a text"],
    [`${path}.line`, isLine(row["line"]), "the line of the row, a whole number: 1 for the first row"]
  ]
}

const fixes = {
  id: "Give each row of the batch once: it has one result for each id.",
  line: "Give each row of the batch its own line: it distinguishes their outcomes."
}

/** The first row with the id or the line of an earlier one. */
const repeated = (rows: ReadonlyArray<HostRow>): InvalidRequestError | undefined => {
  const places = { id: new Map<string, number>(), line: new Map<number, number>() }
  const find = <A>(name: keyof typeof fixes, known: Map<A, number>, value: A, index: number, text: string) => {
    const first = known.get(value)
    known.set(value, index)
    return first === undefined
      ? undefined
      : new InvalidRequestError({
          message: `The rows rows[${first}] and rows[${index}] have the same ${name} ${text}`,
          parameter: `rows[${index}].${name}`,
          fix: fixes[name]
        })
  }
  for (const [index, { id, line }] of rows.entries()) {
    const error = find("id", places.id, id, index, shown(id)) ?? find("line", places.line, line, index, `${line}`)
    if (error !== undefined) return error
  }
  return undefined
}

/** Fails for rows of another form, and for two rows with one id, which would get one outcome, or with one line. */
export const checkRows = (
  rows: ReadonlyArray<HostRow>
): Effect.Effect<void, ConfigurationError | InvalidRequestError> =>
  Effect.suspend((): Effect.Effect<void, ConfigurationError | InvalidRequestError> => {
    const wrong: Array<OptionRules.Rule> = []
    for (const [index, row] of rows.entries()) {
      wrong.push(...rulesOf(row, index).filter(([, isMet]) => !isMet))
      if (wrong.length >= maxIssues) break
    }
    if (wrong.length > 0) return OptionRules.check("HostBatch", wrong)
    const error = repeated(rows)
    return error === undefined ? Effect.void : Effect.fail(error)
  })
