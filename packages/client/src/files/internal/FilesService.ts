/** The service of `Files`, which is loaded without its requests. */
import type { FileObject, FilePurpose } from "@kimi-effect/core/File"
import type { FileError, FileListError, FileReadyError, FileUploadError } from "@kimi-effect/core/OperationErrors"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ReadyOptions, Upload } from "../Files.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

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
