/** The rows of an input in one of its formats. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { BatchRow } from "../../../../batch/BatchResponse.ts"
import type { Format, Prompts } from "../../../BatchJob.ts"
import { promptsRules } from "../optionNames.ts"
import * as FileFailure from "../../FileFailure.ts"
import { csvRecords, fieldsOf } from "./csv.ts"
import { lineGroups } from "./inputLines.ts"
import { csvRow, jsonRow, type PromptRows, type Row } from "./inputRow.ts"
import type { Input, Reading, Source } from "./inputSource.ts"
import { type InputLine, UnreadableInput } from "./inputText.ts"
import { compile } from "./promptTemplate.ts"

export interface RowOptions {
  readonly input: Input
  readonly format?: Format | undefined
  readonly separator?: string | undefined
  readonly prompts?: Prompts | undefined
}

/** How an input is read. */
export interface Reader {
  readonly separator: string | undefined
  readonly prompts: PromptRows | undefined
}

const separatorOf = ({ format, input, separator }: RowOptions): string | undefined => {
  const name = typeof input === "string" ? input.toLowerCase().replace(/\.gz$/, "") : ""
  const isTabs = name.endsWith(".tsv")
  const isCsv =
    format === "csv" || (format === undefined && (isTabs || name.endsWith(".csv") || separator !== undefined))
  return isCsv ? (separator ?? (isTabs ? "\t" : ",")) : undefined
}

const refuse = (name: string, expected: string) =>
  Effect.fail(ConfigurationError.of([{ name: `BatchJob ${name}`, expected }]))

/** Checks the options before anything is read. */
export const readerOf = (options: RowOptions): Effect.Effect<Reader, ConfigurationError> => {
  const { format, prompts, separator: given } = options
  if (given !== undefined && !/^[\t -!#-~]$/.test(given)) {
    return refuse("separator", "one ASCII character that is no quote, such as a semicolon")
  }
  if (given !== undefined && format === "jsonl") return refuse("separator", "none: it is for CSV")
  const separator = separatorOf(options)
  if (prompts === undefined) {
    return separator === undefined
      ? Effect.succeed({ separator, prompts })
      : refuse("prompts", "the column of a CSV input with the texts, or a template")
  }
  const issues = OptionRules.issuesOf("BatchJob", promptsRules(prompts))
  if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
  const template = compile(prompts)
  if (typeof template === "string") return refuse("prompts.template", template)
  const { id, request, system } = prompts
  return Effect.succeed({ separator, prompts: { id, request, system, template } })
}

const unreadable = (message: string, parameter = "input"): InvalidRequestError =>
  new InvalidRequestError({ message, parameter, fix: "Correct the input, or the options with which it is read." })

export const readFailure = (cause: unknown): InvalidRequestError => {
  if (cause instanceof InvalidRequestError) return cause
  const code = FileFailure.codeOf(cause) ?? "unknown error"
  const reason =
    cause instanceof UnreadableInput
      ? cause.message
      : code.startsWith("Z_")
        ? `it is not gzip, or is damaged or cut off (${code})`
        : FileFailure.describe(code)
  return unreadable(`The input cannot be read to its end: ${reason}`)
}

const listed = (columns: ReadonlyArray<string>): string =>
  columns
    .slice(0, 20)
    .map((name) => JSON.stringify(name.slice(0, 60)))
    .join(", ")

/** The columns in the first line of a CSV input, with those that the prompts need. */
export const columnsOf = (
  { line, reason, text }: InputLine,
  separator: string,
  { id, template }: PromptRows
): ReadonlyArray<string> => {
  if (text === undefined) throw new UnreadableInput(`line ${line}: ${reason ?? "unknown error"}`)
  const fields = fieldsOf(text, separator)?.map((name) => name.trim())
  if (fields === undefined) throw new UnreadableInput(`line ${line} has text after a closing quote`)
  for (const name of [...template.columns, ...(id === undefined ? [] : [id])]) {
    const count = fields.filter((field) => field === name).length
    if (count === 1) continue
    throw unreadable(
      count === 0
        ? `The input has no column ${JSON.stringify(name)} in line ${line}, which has ${listed(fields)}`
        : `The input has ${count} columns ${JSON.stringify(name)} in line ${line}: their names must differ`,
      "prompts"
    )
  }
  return fields
}

async function* csvRows(
  bytes: AsyncIterable<Buffer>,
  isWanted: (line: number) => boolean,
  reading: Reading,
  separator: string,
  prompts: PromptRows
): AsyncGenerator<ReadonlyArray<Row>> {
  let read: ((line: InputLine) => Row) | undefined
  let first = 0
  // The first record has the names, also when blank lines are before it.
  const isNeeded = (line: number): boolean => first === 0 || isWanted(line)
  for await (const record of csvRecords(bytes, isNeeded, reading, separator)) {
    if (read !== undefined) yield [read(record)]
    else {
      first = record.line
      reading.rows -= 1
      read = csvRow(columnsOf(record, separator, prompts), separator, prompts)
    }
  }
}

/** Rows are parsed a few at a time: a read has hundreds of lines, and a batch that is stopped needs no more of them. */
const groupRows = 16

async function* jsonRows(
  bytes: AsyncIterable<Buffer>,
  isWanted: (line: number) => boolean,
  reading: Reading,
  prompts: PromptRows | undefined
): AsyncGenerator<ReadonlyArray<Row>> {
  const read = jsonRow(prompts)
  for await (const lines of lineGroups(bytes, isWanted, reading)) {
    for (let at = 0; at < lines.length; at += groupRows) yield lines.slice(at, at + groupRows).map(read)
  }
}

/** Rows that are wanted, and lines that are none. */
export const rowsOf = (
  { prompts, separator }: Reader,
  { bytes }: Source,
  isWanted: (line: number) => boolean,
  reading: Reading
): AsyncGenerator<ReadonlyArray<Row>> =>
  separator === undefined || prompts === undefined
    ? jsonRows(bytes, isWanted, reading, prompts)
    : csvRows(bytes, isWanted, reading, separator, prompts)

/** The rows, with `onInvalid` for lines that are none. */
export const streamRows = <E, R>(
  groups: AsyncIterable<ReadonlyArray<Row>>,
  onInvalid: (error: InvalidBatchRowError) => Effect.Effect<unknown, E, R>
): Stream.Stream<BatchRow, E | InvalidRequestError, R> =>
  Stream.fromAsyncIterable(groups, readFailure).pipe(
    Stream.mapEffect((group) => {
      const valid: Array<BatchRow> = []
      const invalid: Array<InvalidBatchRowError> = []
      for (const row of group) {
        if (Result.isSuccess(row)) valid.push(row.success)
        else invalid.push(row.failure)
      }
      return invalid.length === 0
        ? Effect.succeed(valid)
        : Effect.as(Effect.forEach(invalid, onInvalid, { discard: true }), valid)
    }),
    Stream.filter(Arr.isArrayNonEmpty),
    Stream.flattenArray
  )
