/** The rows of a batch that is known by its id only. */
import type { Batch } from "@kimi-effect/core/Batch"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Files } from "../../../files/Files.ts"
import { incomplete } from "./complete.ts"
import * as deletedFile from "./deletedFile.ts"
import { modelOf, rowsOf } from "./inputFile.ts"
import type { HostRow } from "./prepare.ts"
import { fileIdsOf, resultsOf } from "./readResults.ts"
import type { RetryPolicy } from "./retried.ts"

/** Rows with a result, in the order of the results: what is left of a batch whose input was deleted. */
const rowsOfResults = (
  files: Files["Service"],
  batch: Batch,
  retry: RetryPolicy
): Effect.Effect<ReadonlyArray<HostRow>, FileError> =>
  Effect.gen(function* () {
    const rows = new Map<string, HostRow>()
    yield* Stream.runForEach(resultsOf(files, batch, retry), (result) =>
      Effect.sync(() => {
        if (result === undefined || rows.has(result.id)) return
        rows.set(result.id, { id: result.id, line: rows.size + 1, model: modelOf(result.response?.body) })
      })
    )
    const missing = (batch.request_counts?.completed ?? 0) - rows.size
    if (missing > 0) return yield* incomplete(batch, missing)
    yield* Effect.logWarning(
      `The host does not have the input file of the batch ${batch.id} any more: its rows are those with a result, in the order of the results`
    )
    return [...rows.values()]
  })

/** The rows in the file of a batch. If it was deleted, those that have a result. */
export const batchRows = (
  files: Files["Service"],
  batch: Batch,
  retry: RetryPolicy
): Effect.Effect<ReadonlyArray<HostRow>, FileError> =>
  Effect.catchTag(rowsOf(files, batch, retry), "FileNotFoundError", (error) =>
    fileIdsOf(batch).length === 0 ? Effect.fail(deletedFile.ofRows(batch, error)) : rowsOfResults(files, batch, retry)
  )
