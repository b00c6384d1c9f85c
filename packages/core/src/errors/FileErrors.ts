/**
 * Failures of files at the host, and of media from URLs. `Files` and `Media`
 * (`@kimi-effect/client/files`) raise them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const file = {
  /** The host's id of the file. */
  fileId: Schema.String
}

/**
 * The host has no file with this id, or it belongs to another account.
 *
 * @category errors
 * @since 0.1.0
 */
export class FileNotFoundError extends TaggedKimiError<FileNotFoundError>()("FileNotFoundError", {
  ...file,
  /** What to do, when the file is not one that is uploaded again. */
  fix: Schema.optionalKey(Schema.String)
}) {}

/**
 * The account has as many files as the host allows (1,000 at Moonshot). Nothing
 * was stored.
 *
 * @category errors
 * @since 0.1.0
 */
export class FileLimitError extends TaggedKimiError<FileLimitError>()("FileLimitError", {
  /** The number of files that the host allows, when it named it. */
  limit: Schema.optionalKey(Schema.Int)
}) {}

/**
 * The host stored the file and could not process it.
 *
 * @category errors
 * @since 0.1.0
 */
export class FileProcessingError extends TaggedKimiError<FileProcessingError>()("FileProcessingError", {
  ...file,
  /** The status of the file at the host, such as `error`. */
  state: Schema.String
}) {}

/**
 * An image or a video could not be fetched from its URL.
 *
 * @category errors
 * @since 0.1.0
 */
export class MediaFetchError extends TaggedKimiError<MediaFetchError>()("MediaFetchError", {
  /** Origin of the URL, without path and query. */
  origin: Schema.String
}) {}
