/** The JSON of `kimi files`. */
import { FileObject } from "@kimi-effect/core/File"
import * as Schema from "effect/Schema"

export const FileList = Schema.Struct({ files: Schema.Array(FileObject) })

export type FileList = typeof FileList.Type

export const FileText = Schema.Struct({ id: Schema.String, text: Schema.String })

export type FileText = typeof FileText.Type

export const FilesDeleted = Schema.Struct({
  deleted: Schema.Array(Schema.String),
  failed: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      tag: Schema.String.annotate({ description: "The tag of its error" }),
      message: Schema.String
    })
  ),
  left: Schema.Array(Schema.String).annotate({
    description: "Ids that were not tried, after an error that is not that of one file, such as a key that is refused"
  })
})

export type FilesDeleted = typeof FilesDeleted.Type
