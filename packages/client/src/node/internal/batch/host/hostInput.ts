/** The input of a job that the host runs: its rows, their ids, and the requests of some of them. */
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchRow } from "../../../../batch/BatchResponse.ts"
import type { HostRow } from "../../../../batch/HostBatch.ts"
import { type Reader, readFailure, rowsOf, streamRows } from "../input/inputRows.ts"
import { openFile, Reading, type Source } from "../input/inputSource.ts"

type Rows<E> = Stream.Stream<BatchRow, E | InvalidRequestError>

const idOf = ({ id, line = 0 }: BatchRow): string => id ?? `${line}`

export const rows = <E>(
  reader: Reader,
  source: Source,
  isWanted: (line: number) => boolean,
  onInvalid: (error: InvalidBatchRowError) => Effect.Effect<unknown, E>
): Rows<E> => streamRows(rowsOf(reader, source, isWanted, new Reading()), onInvalid)

/** The lines of all ids. Where rows share an id, the one that is not done was sent. */
export const hostRows = <E>(all: Rows<E>, isDone: (line: number) => boolean) =>
  Effect.map(
    Stream.runFold(
      all,
      () => new Map<string, HostRow>(),
      (known, row) => {
        const { line = 0 } = row
        const id = idOf(row)
        if (!known.has(id) || !isDone(line)) known.set(id, { id, line })
        return known
      }
    ),
    (known) => [...known.values()]
  )

/** Reads the input again for the requests of some rows. */
export const requestsOf = (
  reader: Reader,
  path: string,
  wanted: ReadonlyArray<HostRow>
): Effect.Effect<ReadonlyMap<string, ChatRequest>, InvalidRequestError> =>
  Effect.gen(function* () {
    const lines = new Set(wanted.map(({ line }) => line))
    const source = yield* Effect.try({ try: () => openFile(path), catch: readFailure })
    const requests = new Map<string, ChatRequest>()
    yield* Stream.runForEach(
      rows(
        reader,
        source,
        (line) => lines.has(line),
        () => Effect.void
      ),
      (row) => Effect.sync(() => void requests.set(idOf(row), row.request))
    )
    return requests
  })
