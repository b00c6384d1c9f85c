/** The file of a batch at the host: the ids and requests of its rows. */
import type { Batch } from "@kimi-effect/core/Batch"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Files } from "../../../files/Files.ts"
import { byteLines } from "./byteLines.ts"
import type { HostRow } from "./prepare.ts"
import { type RetryPolicy, retried } from "./retried.ts"

type SentLine = { readonly id: string; readonly line: number; readonly body: unknown }

/** The lines as the host has checked them. The first one of an id counts. */
const linesOf = (files: Files["Service"], { input_file_id }: Batch): Stream.Stream<SentLine, FileError> => {
  let line = 0
  const known = new Set<string>()
  return byteLines(files.content(input_file_id)).pipe(
    Stream.map((text): SentLine | undefined => {
      line += 1
      const json: unknown = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text ?? "")))
      const id = Predicate.isObject(json) ? json["custom_id"] : undefined
      if (typeof id !== "string" || !Predicate.isObject(json) || known.has(id)) return undefined
      known.add(id)
      return { id, line, body: json["body"] }
    }),
    Stream.filter((found) => found !== undefined)
  )
}

export const modelOf = (body: unknown): string | undefined => {
  const model = Predicate.isObject(body) ? (body as { readonly model?: unknown }).model : undefined
  return typeof model === "string" ? model : undefined
}

export const rowsOf = (
  files: Files["Service"],
  batch: Batch,
  retry: RetryPolicy
): Effect.Effect<ReadonlyArray<HostRow>, FileError> =>
  retried(retry, () =>
    Stream.runCollect(
      Stream.map(
        Stream.suspend(() => linesOf(files, batch)),
        ({ body, id, line }): HostRow => ({ id, line, model: modelOf(body) })
      )
    )
  )

const isRequest = (body: unknown): body is ChatRequest =>
  Predicate.isObject(body) && Array.isArray((body as { readonly messages?: unknown }).messages)

/** The requests of some rows. None of a file that was deleted. */
export const requestsOf =
  (files: Files["Service"], batch: Batch, retry: RetryPolicy) =>
  (rows: ReadonlyArray<HostRow>): Effect.Effect<ReadonlyMap<string, ChatRequest>, FileError> =>
    retried(retry, () => {
      const wanted = new Set(rows.map(({ id }) => id))
      const requests = new Map<string, ChatRequest>()
      return Effect.as(
        Stream.runForEach(
          Stream.suspend(() => linesOf(files, batch)),
          ({ body, id }) =>
            Effect.sync(() => {
              if (wanted.has(id) && isRequest(body)) requests.set(id, body)
            })
        ),
        requests
      )
    }).pipe(Effect.catchTag("FileNotFoundError", () => Effect.succeed(new Map<string, ChatRequest>())))

/** The ids in the file of a batch. `undefined` if it was deleted. */
export const idsOf = (
  files: Files["Service"],
  batch: Batch,
  retry: RetryPolicy
): Effect.Effect<ReadonlySet<string> | undefined, FileError> =>
  rowsOf(files, batch, retry).pipe(
    Effect.map((rows) => new Set(rows.map(({ id }) => id))),
    Effect.catchTag("FileNotFoundError", () => Effect.undefined)
  )
