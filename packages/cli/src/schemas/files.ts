/** The JSON of `kimi files`. */
import { FileObject } from "@kimi-effect/core/File"
import * as Schema from "effect/Schema"

export const FileList = Schema.Struct({ files: Schema.Array(FileObject) })

export type FileList = typeof FileList.Type

export const FileText = Schema.Struct({ id: Schema.String, text: Schema.String })

export type FileText = typeof FileText.Type

export const FilesDeleted = Schema.Struct({ deleted: Schema.Array(Schema.String) })

export type FilesDeleted = typeof FilesDeleted.Type
