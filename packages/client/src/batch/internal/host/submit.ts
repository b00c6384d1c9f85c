/**
 * Brings a batch to the host: its money is reserved, its file is uploaded, and it
 * is created, each of them once. What a program that was killed has done is found
 * again: its file by a name that no other has, and its batch by that file.
 */
import type { Batch } from "@kimi-effect/core/Batch"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { Budget } from "@kimi-effect/core/Budget"
import type { FileObject } from "@kimi-effect/core/File"
import type {
  BudgetError,
  FileError,
  FileListError,
  FileUploadError,
  HostApiError
} from "@kimi-effect/core/OperationErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Files } from "../../../files/Files.ts"
import type { BatchApi, BatchIdError } from "../../BatchApi.ts"
import { type Outcome, outcomeOf } from "./outcome.ts"
import type { PreparedBatch } from "./prepare.ts"
import { abandon, AbandonCall } from "./AbandonCall.ts"
import { type RetryPolicy, retried } from "./retried.ts"

/**
 * How far a submission is. It is all that another process needs to continue it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  /** Names the submission: its file, and its money. */
  readonly id: string
  /** The uploaded file. */
  readonly fileId?: string | undefined
  readonly batchId?: string | undefined
}

/** The metadata of batches with the id of their submission. */
export const metadataKey = "kimi_effect_submission"

/** Pairs of the metadata that are not the caller's. */
export const ownPairs = 1

/** The name under which the money of a submission is reserved. */
export const holdOf = (id: string): string => `batch:${id}`

/**
 * Failures of a submission.
 *
 * @category errors
 * @since 0.1.0
 */
export type SubmitError = BudgetError | ConfigurationError | FileError | FileListError | FileUploadError | BatchIdError

export interface SubmitSettings<E, R> {
  readonly files: Files["Service"]
  readonly batches: BatchApi["Service"]
  readonly budget: Budget["Service"] | undefined
  readonly provider: string
  readonly retry: RetryPolicy
  readonly completionWindow: Duration.Duration
  readonly metadata: { readonly [key: string]: string }
  /** Whether an earlier process may have uploaded the file, or created the batch. */
  readonly isContinued: boolean
  /** Runs after each step, before the next one. */
  readonly onStep: (submission: Submission) => Effect.Effect<unknown, E, R>
  /** Runs when there is no batch, and never will be one of this submission. */
  readonly onRefused: () => Effect.Effect<unknown, E, R>
}

/** After the window the host may take some time to end a batch, and this program to read it. */
const leaseAfterWindow = Duration.days(1)

/** A batch that this process has just asked for is among the newest. That of another process may be older. */
const maxSearched = 200

const nameOf = ({ id }: Submission): string => `kimi-effect-${id}.jsonl`

const findFile = (
  files: Files["Service"],
  submission: Submission
): Effect.Effect<FileObject | undefined, FileListError> =>
  Effect.map(files.list(), (all) => all.find(({ filename }) => filename === nameOf(submission)))

const findBatch = (
  batches: BatchApi["Service"],
  fileId: string,
  limit: number
): Effect.Effect<Batch | undefined, HostApiError> =>
  batches.listAll.pipe(
    Stream.take(limit),
    Stream.filter(({ input_file_id }) => input_file_id === fileId),
    Stream.runHead,
    Effect.map(Option.getOrUndefined)
  )

/** Looks for what an attempt may have left before it is repeated. */
const once =
  <A, E, E2, R>(isContinued: boolean, find: Effect.Effect<A | undefined, E, R>, make: Effect.Effect<A, E2, R>) =>
  (failures: number): Effect.Effect<A, E | E2, R> =>
    !isContinued && failures === 0
      ? make
      : Effect.flatMap(find, (found): Effect.Effect<A, E | E2, R> =>
          found === undefined ? make : Effect.succeed(found)
        )

/** Nothing of the submission is at the host: its money is released, which another attempt reserves again. */
const release = ({ budget }: Pick<SubmitSettings<never, never>, "budget">, { id }: Submission): Effect.Effect<void> =>
  budget === undefined ? Effect.void : Effect.ignore(budget.settleHold(holdOf(id), undefined))

/** What the attempts to send something have left: the host may have accepted any of them. */
class SendAttempts {
  #mayExist: boolean
  #last: Outcome | undefined

  constructor(mayExist: boolean) {
    this.#mayExist = mayExist
  }

  readonly note = (error: Parameters<typeof outcomeOf>[0]): Effect.Effect<void> =>
    Effect.sync(() => {
      this.#last = outcomeOf(error)
      if (this.#last === "unknown") this.#mayExist = true
    })

  /** Whether the host may have accepted one, such as one whose answer was lost. */
  get mayExist(): boolean {
    return this.#mayExist
  }

  /** Whether the host has refused the last one, and has accepted none before it. */
  get isRefused(): boolean {
    return this.#last === "refused" && !this.#mayExist
  }
}

/** A file that the host may have is looked for by the next process, so that it is uploaded once. */
const upload = <E, R>(
  { content }: PreparedBatch,
  submission: Submission,
  settings: SubmitSettings<E, R>
): Effect.Effect<string, E | FileListError | FileUploadError, R> =>
  Effect.suspend(() => {
    const { files, isContinued, onRefused, retry } = settings
    const attempts = new SendAttempts(false)
    const sent = Effect.tapError(
      files.upload({ purpose: "batch", content, filename: nameOf(submission) }),
      attempts.note
    )
    return retried(retry, once(isContinued, findFile(files, submission), sent)).pipe(
      Effect.map(({ id }) => id),
      Effect.onError(() => release(settings, submission)),
      Effect.tapError(() => (attempts.mayExist ? Effect.void : onRefused()))
    )
  })

/** A key of another account, and another base URL, find no batch either: the host would be sent a second one. */
const notOfAccount = (fileId: string, abandonment: string | undefined): InvalidRequestError =>
  new InvalidRequestError({
    message: `The host knows neither a batch of this submission nor its file ${fileId} with this key and base URL: they are probably of another account`,
    parameter: abandonment === undefined ? "inputFileId" : "output",
    fix: `Use the key and the base URL with which the file was uploaded. If the host has lost it nevertheless, ${abandon(abandonment)}: rows that the host runs are then paid twice.`
  })

/** Fails if the host does not have the file of an earlier process, which an account shows only to its own keys. */
const checkFile = (
  files: Files["Service"],
  fileId: string
): Effect.Effect<void, Exclude<FileError, { readonly _tag: "FileNotFoundError" }> | InvalidRequestError> =>
  Effect.asVoid(files.get(fileId)).pipe(
    Effect.catchTag("FileNotFoundError", () =>
      Effect.flatMap(AbandonCall, (abandonment) => Effect.fail(notOfAccount(fileId, abandonment)))
    )
  )

/**
 * The host may have created the batch in spite of an error, unless it refuses the creation itself. It may then
 * refuse a second one: only what was refused the first time, and every time, is over.
 */
const create = <E, R>(
  submission: Submission,
  inputFileId: string,
  settings: SubmitSettings<E, R>
): Effect.Effect<Batch, FileError | HostApiError | E, R> =>
  Effect.suspend(() => {
    const { batches, completionWindow, files, isContinued, metadata, onRefused, retry } = settings
    // A file that is recorded has a creation that was begun.
    const isBegun = isContinued && submission.fileId !== undefined
    const attempts = new SendAttempts(isBegun)
    const sent = Effect.tapError(
      batches.create({ inputFileId, completionWindow, metadata: { ...metadata, [metadataKey]: submission.id } }),
      attempts.note
    )
    const made = isBegun ? Effect.andThen(checkFile(files, inputFileId), sent) : sent
    const found = findBatch(batches, inputFileId, isContinued ? Number.POSITIVE_INFINITY : maxSearched)
    return Effect.tapError(retried(retry, once(isContinued, found, made)), () =>
      attempts.isRefused
        ? release(settings, submission).pipe(
            // Before the file is deleted: a process that continues with a file that is gone would be refused for that.
            Effect.andThen(onRefused()),
            Effect.andThen(Effect.ignore(files.delete(inputFileId, { ignoreMissing: true })))
          )
        : Effect.void
    )
  })

const reserve = <E, R>(
  prepared: PreparedBatch,
  { id }: Submission,
  { budget, completionWindow, isContinued, onRefused, provider }: SubmitSettings<E, R>
): Effect.Effect<void, BudgetError | E, R> =>
  budget === undefined
    ? Effect.void
    : budget
        .hold({
          id: holdOf(id),
          cost: prepared.cost.host,
          provider,
          model: prepared.model,
          lease: Duration.sum(completionWindow, leaseAfterWindow)
        })
        .pipe(Effect.tapError(() => (isContinued ? Effect.void : onRefused())))

export const submit = Effect.fnUntraced(function* <E, R>(
  prepared: PreparedBatch,
  submission: Submission,
  settings: SubmitSettings<E, R>
): Effect.fn.Return<Batch, SubmitError | E, R> {
  const { batches, onStep, retry } = settings
  const { batchId, id } = submission
  if (batchId !== undefined) return yield* retried(retry, () => batches.get(batchId))
  yield* onStep(submission)
  yield* reserve(prepared, submission, settings)
  // A batch is created after its file was uploaded, and after that was reported.
  const fileId = submission.fileId ?? (yield* upload(prepared, submission, settings))
  yield* onStep({ id, fileId })
  const batch = yield* create(submission, fileId, settings)
  yield* onStep({ id, fileId, batchId: batch.id })
  return batch
})
