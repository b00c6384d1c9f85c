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
 * - Each operation is one attempt. `isRetryable` of its error is whether to try
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
import type { FilePurpose } from "@kimi-effect/core/File"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as HostApi from "../HostApi.ts"
import { Files } from "./internal/FilesService.ts"
import type * as Content from "./internal/Content.ts"
import type * as Transfer from "./internal/Transfer.ts"

export { Files } from "./internal/FilesService.ts"

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
   * Name of the file, whose suffix is the format for the host. Defaults to that of
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
  /** Time between two requests, at least 100 milliseconds. Defaults to 2 seconds. */
  readonly interval?: Duration.Input | undefined
  /** Longest wait, also through an outage of the host, after which `TotalTimeoutError` is raised with the `fileId`. Defaults to 5 minutes. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * Builds the service on a `HostApi`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Files["Service"], ConfigurationError, HostApi.HostApi> =>
  Effect.flatMap(
    loadModule(() => import("./internal/makeFiles.ts")),
    ({ make }) => make(options)
  )

/**
 * The service on the `HostApi` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
// Layers are memoized by reference: without `fresh`, a constant would be the service of the first host it is provided with.
export const layer = (options?: Options): Layer.Layer<Files, ConfigurationError, HostApi.HostApi> =>
  OptionRules.layerOf("Files", options, (options) => Layer.fresh(Layer.effect(Files, make(options))))
