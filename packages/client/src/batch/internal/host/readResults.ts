/** The results of a batch: the lines of its two files, joined with its rows by their ids. */
import { type Batch, BatchOutputLine } from "@kimi-effect/core/Batch"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Files } from "../../../files/Files.ts"
import { type ByteLine, byteLines } from "./byteLines.ts"
import * as deletedFile from "./deletedFile.ts"
import type { HostRow } from "./prepare.ts"
import { type RetryPolicy, waitAfter } from "./retried.ts"

/** The members of a result. Absent members are those of a form that is not known. */
export type ResultLine = { readonly [Name in "error" | "response"]: BatchOutputLine[Name] | undefined }

/** A result with the id of its row. */
export interface IdentifiedResult extends ResultLine {
  readonly id: string
  /** Characters of the line. */
  readonly length: number
}

/** A row with its result. */
export interface JoinedRow {
  readonly row: HostRow
  readonly result: IdentifiedResult
}

/**
 * Lines of the host that belong to no row.
 *
 * @category models
 * @since 0.1.0
 */
export interface Surplus {
  /** Lines that are no results. */
  malformed: number
  /** Results with the id of another result. The first one counts. */
  duplicates: number
  /** Results whose id is that of no row. */
  unknown: number
}

const decodeLine = Schema.decodeUnknownOption(BatchOutputLine)

const parse = (text: ByteLine): IdentifiedResult | undefined => {
  if (text === undefined) return undefined
  const { length } = text
  const json = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  const line = Option.getOrUndefined(decodeLine(json))
  if (line !== undefined) return { id: line.custom_id, response: line.response, error: line.error, length }
  // The form of the error file is not documented.
  const id = Predicate.isObject(json) ? json["custom_id"] : undefined
  return typeof id === "string" ? { id, response: undefined, error: undefined, length } : undefined
}

/** Whether the host answered the row. */
export const isAnswer = ({ error, response }: ResultLine): boolean =>
  response?.status_code === 200 && error === undefined

/** The lines of a file. A download that breaks is repeated, without the lines that were read. */
const linesOf = (files: Files["Service"], id: string, retry: RetryPolicy): Stream.Stream<ByteLine, FileError> => {
  let read = 0
  const from = (failures: number): Stream.Stream<ByteLine, FileError> => {
    const before = read
    return Stream.suspend(() => Stream.drop(byteLines(files.content(id)), before)).pipe(
      Stream.tap(() => Effect.sync(() => void (read += 1))),
      Stream.catch((error) =>
        Stream.unwrap(
          Effect.flatMap(waitAfter(retry, error, read > before ? 1 : failures + 1), (wait) =>
            wait === undefined
              ? Effect.succeed(Stream.fail(error))
              : Effect.as(
                  Effect.sleep(wait),
                  Stream.suspend(() => from(read > before ? 1 : failures + 1))
                )
          )
        )
      )
    )
  }
  return Stream.suspend(() => from(0))
}

/** An empty id means that there is no file. */
export const fileIdsOf = ({ error_file_id, output_file_id }: Batch): ReadonlyArray<string> =>
  [output_file_id, error_file_id].filter((id) => id !== undefined && id !== "") as ReadonlyArray<string>

/** The results of a batch, answers first. Absent of a line that is none. */
export const resultsOf = (
  files: Files["Service"],
  batch: Batch,
  retry: RetryPolicy
): Stream.Stream<IdentifiedResult | undefined, FileError> =>
  Stream.fromArray(fileIdsOf(batch)).pipe(
    Stream.flatMap((id) => linesOf(files, id, retry)),
    Stream.mapError(deletedFile.ofResults(batch)),
    Stream.map(parse)
  )

/** The rows for which results are read, and what becomes of other results. */
export interface Reader {
  /** Rows without a result. They are removed as their results arrive. */
  readonly open: Map<string, HostRow>
  readonly surplus: Surplus
  /** Takes a result whose id is that of no row. */
  readonly onUnknown: (result: IdentifiedResult) => void
}

/** The results of rows that have none yet, answers first. */
export const readResults = (
  files: Files["Service"],
  batch: Batch,
  { onUnknown, open, surplus }: Reader,
  retry: RetryPolicy
): Stream.Stream<JoinedRow, FileError> => {
  const seen = new Set<string>()
  return resultsOf(files, batch, retry).pipe(
    Stream.map((result): JoinedRow | undefined => {
      if (result === undefined) {
        surplus.malformed += 1
        return undefined
      }
      const row = open.get(result.id)
      if (row === undefined) {
        surplus[seen.has(result.id) ? "duplicates" : "unknown"] += 1
        if (!seen.has(result.id)) onUnknown(result)
        seen.add(result.id)
        return undefined
      }
      seen.add(result.id)
      open.delete(result.id)
      return { row, result }
    }),
    Stream.filter((joined) => joined !== undefined)
  )
}
