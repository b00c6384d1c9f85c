/**
 * Files at the host: documents whose text it extracts, images and videos for
 * messages, and the inputs of batches.
 *
 * **Details**
 *
 * - An upload is sent while it is read, in pieces of 64 KiB, so that a file of
 *   any size takes little memory. Its size and its format are checked before
 *   anything is sent; a stream without a size, while it is sent.
 * - Every wait is bounded: for the host to take the next piece, for its
 *   response, and for the upload as a whole.
 * - Each operation is one attempt. The facts of its error say whether to try
 *   again; `Resilience` of `@kimi-effect/core` does it.
 * - Limits at Moonshot: 1,000 files of at most 100 MB each, and 10 GB in all
 *   (source: files API).
 *
 * **Example** (The text of a PDF as part of a prompt)
 *
 * ```ts
 * const summary = Effect.gen(function* () {
 *   const files = yield* Files.Files
 *   const { id } = yield* files.upload({ purpose: "file-extract", filename: "report.pdf", content: pdf })
 *   yield* files.awaitReady(id)
 *   const text = yield* files.text(id)
 *   const kimi = yield* KimiClient.KimiClient
 *   return yield* kimi.chat({
 *     messages: [
 *       { role: "system", content: text },
 *       { role: "user", content: "Summarize the report." }
 *     ]
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { FileDeleted, FileList, FileObject, type FilePurpose } from "@kimi-effect/core/File"
import { FileProcessingError } from "@kimi-effect/core/FileErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { FileError, FileListError, FileReadyError, FileUploadError } from "@kimi-effect/core/OperationErrors"
import { IdleTimeoutError, TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { withTimeout } from "@kimi-effect/core/Timeout"
import { UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as HostApi from "../HostApi.ts"
import type * as Content from "./internal/Content.ts"
import * as FileErrors from "./internal/fileErrors.ts"
import * as Multipart from "./internal/multipart.ts"
import * as Transfer from "./internal/Transfer.ts"
import * as UploadCheck from "./internal/uploadCheck.ts"

/**
 * The content of an upload: text, bytes, a `Blob` or `File`, or a stream of
 * bytes, whose errors are those of the upload.
 *
 * @category models
 * @since 0.1.0
 */
export type UploadContent<E = never, R = never> = Content.Input<E, R>

/**
 * What the host has taken of a file so far, in bytes. `total` is `undefined` for
 * a stream without a size.
 *
 * @category models
 * @since 0.1.0
 */
export type Progress = Transfer.Progress

/**
 * A file to upload.
 *
 * @category options
 * @since 0.1.0
 */
export interface Upload<E = never, R = never> {
  /** What the host does with it: extract its text, use it as an image or a video of a message, or run it as a batch. */
  readonly purpose: FilePurpose
  readonly content: UploadContent<E, R>
  /**
   * Name of the file, whose suffix tells the host the format. Defaults to that of
   * a `File`, and for images, videos, batches and texts to one of their format.
   */
  readonly filename?: string | undefined
  /** Defaults to the type of the content, where it is known. */
  readonly mimeType?: string | undefined
  /** Bytes of a stream. Without it, the size is checked while the stream is sent. */
  readonly size?: number | undefined
  /** Is run after each piece that the host has taken. It delays the upload. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
}

/**
 * Bounds of the operations.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Largest file. Defaults to 100 MB (104,857,600 bytes), the limit of Moonshot. */
  readonly maxFileBytes?: number | undefined
  /** Longest wait for the next piece, which the host takes or sends. Defaults to a minute. */
  readonly idleTimeout?: Duration.Input | undefined
  /** Longest wait for a response, of an upload from its last piece. Defaults to 5 minutes. */
  readonly responseTimeout?: Duration.Input | undefined
  /** Longest upload as a whole. Defaults to 30 minutes. */
  readonly uploadTimeout?: Duration.Input | undefined
}

/**
 * How long to wait for a file.
 *
 * @category options
 * @since 0.1.0
 */
export interface ReadyOptions {
  /** Time between two questions. Defaults to 2 seconds. */
  readonly interval?: Duration.Input | undefined
  /** Longest wait. Defaults to 5 minutes. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * The files of one account.
 *
 * @category services
 * @since 0.1.0
 */
export class Files extends Context.Service<
  Files,
  {
    /** Uploads a file. Interrupting it closes the connection, and nothing is stored. */
    readonly upload: <E = never, R = never>(file: Upload<E, R>) => Effect.Effect<FileObject, FileUploadError | E, R>
    /** Every file of the account, or those of one purpose. The host does not paginate. */
    readonly list: (purpose?: FilePurpose) => Effect.Effect<ReadonlyArray<FileObject>, FileListError>
    /** The description of a file. */
    readonly get: (id: string) => Effect.Effect<FileObject, FileError>
    /** Waits until the host has processed a file, which then has the status `ready` or none. */
    readonly awaitReady: (id: string, options?: ReadyOptions) => Effect.Effect<FileObject, FileReadyError>
    /** The text that was extracted from a file with the purpose `file-extract`. */
    readonly text: (id: string) => Effect.Effect<string, FileError>
    /**
     * The bytes of the input or output of a batch, while they arrive. Leaving the
     * stream closes its connection. `maxBytes` defaults to a gigabyte.
     */
    readonly content: (
      id: string,
      options?: { readonly maxBytes?: number | undefined }
    ) => Stream.Stream<Uint8Array, FileError>
    /** Deletes a file. With `ignoreMissing`, a file that is already gone is a success. */
    readonly delete: (
      id: string,
      options?: { readonly ignoreMissing?: boolean | undefined }
    ) => Effect.Effect<void, FileError>
    /**
     * Deletes every file that the predicate selects, four at a time, and returns
     * those. It ends with the first failure; files that are already gone are none.
     */
    readonly deleteAll: (
      isSelected: (file: FileObject) => boolean
    ) => Effect.Effect<ReadonlyArray<FileObject>, FileError>
  }
>()("@kimi-effect/client/files/Files") {}

/** Source: files API. */
const moonshotLimit = 100 * 1024 * 1024

/** Outputs of batches can be several times larger than their inputs. */
const maxContentBytes = 1024 * 1024 * 1024

const deleteConcurrency = 4

const fileResponse = HostApi.json(FileObject)
const listResponse = HostApi.json(FileList)
const deletedResponse = HostApi.json(FileDeleted)

const pathOf = (id: string): string => `/files/${encodeURIComponent(id)}`

/** Any status that is not one of success is one of the file itself, or of a wait. */
const isFailed = ({ status }: FileObject): boolean => status !== undefined && /^(?:error|failed|deleted)$/.test(status)

const isReady = ({ status }: FileObject): boolean =>
  status === undefined || /^(?:ready|ok|processed|uploaded|success)$/.test(status)

const processingError = (provider: string, { id, status = "" }: FileObject): FileProcessingError =>
  new FileProcessingError({
    message: "The host could not process the file",
    provider,
    fileId: id,
    state: status.slice(0, 64)
  })

/** Refuses everything at a host without this API. */
const offered = <A, E, R>(
  { provider }: HostApi.HostApi["Service"],
  call: Effect.Effect<A, E, R>
): Effect.Effect<A, E | UnsupportedOperationError, R> =>
  provider.hasAccountApi
    ? call
    : Effect.fail(
        new UnsupportedOperationError({
          message: `${provider.id} does not offer files`,
          provider: provider.id,
          operation: "files"
        })
      )

/**
 * Builds the service on a `HostApi`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Files["Service"], ConfigurationError, HostApi.HostApi> {
  yield* OptionRules.check("Files", [
    OptionRules.bytes("maxFileBytes", options.maxFileBytes),
    OptionRules.millisecondDuration("idleTimeout", options.idleTimeout),
    OptionRules.millisecondDuration("responseTimeout", options.responseTimeout),
    OptionRules.millisecondDuration("uploadTimeout", options.uploadTimeout)
  ])
  const api = yield* HostApi.HostApi
  const provider = api.provider.id
  const maxBytes = options.maxFileBytes ?? moonshotLimit
  const idleTimeout = OptionRules.durationOf(options.idleTimeout ?? "1 minute")
  const responseTimeout = OptionRules.durationOf(options.responseTimeout ?? "5 minutes")
  const uploadTimeout = OptionRules.durationOf(options.uploadTimeout ?? "30 minutes")

  const request = <A>(sent: HostApi.RequestOptions<A>) =>
    offered(api, withTimeout({ totalTimeout: responseTimeout }, { provider })(api.request(sent)))

  const get = (id: string): Effect.Effect<FileObject, FileError> =>
    FileErrors.ofFile(id)(request({ operation: "files.get", method: "GET", path: pathOf(id), response: fileResponse }))

  const list = (purpose?: FilePurpose): Effect.Effect<ReadonlyArray<FileObject>, FileListError> =>
    request({ operation: "files.list", method: "GET", path: "/files", response: listResponse }).pipe(
      FileErrors.ofList,
      Effect.map(({ data }) => (purpose === undefined ? data : data.filter((file) => file.purpose === purpose)))
    )

  const remove = (id: string, ignoreMissing: boolean): Effect.Effect<void, FileError> => {
    const removed = request({
      operation: "files.delete",
      method: "DELETE",
      path: pathOf(id),
      response: deletedResponse
    }).pipe(FileErrors.ofFile(id), Effect.asVoid)
    return ignoreMissing ? Effect.catchTag(removed, "FileNotFoundError", () => Effect.void) : removed
  }

  const upload = Effect.fnUntraced(function* <E, R>(
    file: Upload<E, R>
  ): Effect.fn.Return<FileObject, FileUploadError | E, R> {
    const { content, filename, mimeType } = yield* offered(api, UploadCheck.check(file, provider, maxBytes))
    const { pieces, size } = content
    const form = Multipart.make({ purpose: file.purpose }, { filename, mimeType, size })
    const { onProgress = () => Effect.void } = file
    const bounds = { maxBytes, idleTimeout, responseTimeout, uploadTimeout }
    return yield* Transfer.run({ content: pieces, size, provider, onProgress, ...bounds }, (sent) =>
      FileErrors.ofUpload(
        api.request({
          operation: "files.upload",
          method: "POST",
          path: "/files",
          body: {
            _tag: "Stream",
            stream: form.withContent(sent),
            contentType: form.contentType,
            contentLength: form.contentLength
          },
          response: fileResponse
        })
      )
    )
  })

  const content = (id: string, maxResponseBytes: number): Stream.Stream<Uint8Array, FileError> =>
    request({
      operation: "files.content",
      method: "GET",
      path: `${pathOf(id)}/content`,
      response: HostApi.stream,
      maxResponseBytes
    }).pipe(
      FileErrors.ofFile(id),
      Effect.map((bytes) =>
        bytes.pipe(
          Stream.catch((error) => Stream.fromEffect(FileErrors.ofContent(id, error))),
          Stream.timeoutOrElse({
            duration: idleTimeout,
            orElse: () =>
              Stream.fail(
                new IdleTimeoutError({
                  message: `The host sent no part of the file for ${Duration.format(idleTimeout)}`,
                  provider,
                  timeout: idleTimeout
                })
              )
          })
        )
      ),
      Stream.unwrap
    )

  const awaitReady = (id: string, { interval = "2 seconds", timeout = "5 minutes" }: ReadyOptions = {}) => {
    const pause = OptionRules.durationOf(interval)
    const longest = OptionRules.durationOf(timeout)
    const poll: Effect.Effect<FileObject, FileReadyError> = Effect.flatMap(get(id), (file) => {
      if (isFailed(file)) return Effect.fail(processingError(provider, file))
      return isReady(file) ? Effect.succeed(file) : Effect.delay(Effect.suspend(() => poll), pause)
    })
    return Effect.timeoutOrElse(poll, {
      duration: longest,
      orElse: () =>
        Effect.fail(
          new TotalTimeoutError({
            message: `The host had not processed the file after ${Duration.format(longest)}`,
            provider,
            timeout: longest
          })
        )
    })
  }

  return Files.of({
    upload,
    list,
    get,
    awaitReady,
    text: (id) =>
      FileErrors.ofFile(id)(
        request({ operation: "files.text", method: "GET", path: `${pathOf(id)}/content`, response: HostApi.text })
      ),
    content: (id, { maxBytes: limit = maxContentBytes } = {}) => content(id, limit),
    delete: (id, { ignoreMissing = false } = {}) => remove(id, ignoreMissing),
    deleteAll: (isSelected) =>
      Effect.flatMap(list(), (files) => {
        const selected = files.filter(isSelected)
        return Effect.as(
          Effect.forEach(selected, ({ id }) => remove(id, true), { concurrency: deleteConcurrency, discard: true }),
          selected
        )
      })
  })
})

/**
 * The service on the `HostApi` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Files, ConfigurationError, HostApi.HostApi> =>
  Layer.effect(Files, make(options))
