/**
 * Files stored at the host: for extraction, media and batches.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { optionalFromNullish } from "./internal/OptionalFromNullish.ts"

/**
 * The purpose of an uploaded file. At most 1,000 files of 100 MB per user, 10 GB
 * in all (source: files API).
 *
 * @category schemas
 * @since 0.1.0
 */
export const FilePurpose = Schema.Literals(["file-extract", "image", "video", "batch"])

/**
 * @category models
 * @since 0.1.0
 */
export type FilePurpose = typeof FilePurpose.Type

/**
 * A file at the host. Refer to images and videos by `ms://<id>`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileObject = Schema.Struct({
  id: Schema.String,
  bytes: Schema.Finite,
  /** Unix seconds. */
  created_at: Schema.Finite,
  filename: Schema.String,
  /** A purpose, or another value of the host such as `batch_output`. */
  purpose: Schema.String,
  /** `ready`; other values are not documented. */
  status: optionalFromNullish(Schema.String),
  status_details: optionalFromNullish(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type FileObject = typeof FileObject.Type

/**
 * All files; the host does not paginate.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileList = Schema.Struct({ data: Schema.Array(FileObject) })

/**
 * The response of a deletion.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileDeleted = Schema.Struct({ id: Schema.String, deleted: Schema.Boolean })
