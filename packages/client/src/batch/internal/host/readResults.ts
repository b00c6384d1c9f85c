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
import type { HostRow } from "./prepare.ts"
import { type RetryPolicy, waitAfter } from "./retried.ts"

/** The members of a result. Absent members are those of a form that is not known. */
export type ResultLine = { readonly [Name in "error" | "response"]: BatchOutputLine[Name] | undefined }

/** A row with its result. */
export interface JoinedRow {
  readonly row: HostRow
  readonly result: ResultLine
  /** Characters of its line. */
  readonly length: number
}

/** Lines of the host that no row has. */
export interface Surplus {
  /** Lines that are no results. */
  malformed: number
  /** Results with the id of another result. The first one counts. */
  duplicates: number
  /** Results with an id that no row has. */
  unknown: number
}

const decodeLine = Schema.decodeUnknownOption(BatchOutputLine)

const parse = (text: ByteLine): (ResultLine & { readonly id: string }) | undefined => {
  const json: unknown =
    text === undefined ? undefined : Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  const line = Option.getOrUndefined(decodeLine(json))
  if (line !== undefined) return { id: line.custom_id, response: line.response, error: line.error }
  // The form of the error file is not documented.
  const id = Predicate.isObject(json) ? json["custom_id"] : undefined
  return typeof id === "string" ? { id, response: undefined, error: undefined } : undefined
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
const fileIdsOf = ({ error_file_id, output_file_id }: Batch): ReadonlyArray<string> =>
  [output_file_id, error_file_id].filter((id) => id !== undefined && id !== "") as ReadonlyArray<string>

/** The results of rows that have none yet, answers first. Rows are removed from `open` as their results arrive. */
export const readResults = (
  files: Files["Service"],
  batch: Batch,
  open: Map<string, HostRow>,
  surplus: Surplus,
  retry: RetryPolicy
): Stream.Stream<JoinedRow, FileError> => {
  const seen = new Set<string>()
  return Stream.flatMap(Stream.fromArray(fileIdsOf(batch)), (id) => linesOf(files, id, retry)).pipe(
    Stream.map((text): JoinedRow | undefined => {
      const result = parse(text)
      if (result === undefined) {
        surplus.malformed += 1
        return undefined
      }
      const row = open.get(result.id)
      if (row === undefined) {
        surplus[seen.has(result.id) ? "duplicates" : "unknown"] += 1
        return undefined
      }
      seen.add(result.id)
      open.delete(result.id)
      return { row, result, length: text?.length ?? 0 }
    }),
    Stream.filter((joined) => joined !== undefined)
  )
}
