/** The files that a host has stored, and its responses to the requests for them. */
import { type FileObject, FilePurpose } from "@kimi-effect/core/File"
import * as Schema from "effect/Schema"
import * as ErrorReply from "../../ErrorReply.ts"
import * as Reply from "../../Reply.ts"
import type { FormPart } from "./FormPart.ts"

/** A request for files. */
export interface FileRequest {
  /** In upper case. */
  readonly method: string
  /** Path without host and query. */
  readonly path: string
  /** The parts of a `multipart/form-data` body. */
  readonly form?: ReadonlyArray<FormPart> | undefined
}

/** The limits of the files of an account. */
export interface FileLimits {
  readonly maxFiles: number
  readonly maxFileBytes: number
}

/** Those of Moonshot. Source: files API. */
export const moonshotLimits: FileLimits = { maxFiles: 1_000, maxFileBytes: 100 * 1024 * 1024 }

/** A file with its content. */
export interface StoredFile {
  readonly file: FileObject
  readonly bytes: Uint8Array
}

const isPurpose = Schema.is(FilePurpose)

const invalid = (message: string): Reply.Json => ErrorReply.make(400, "invalid_request_error", message)

/** The text of the host is not known. */
const unknownFile = ErrorReply.make(404, "resource_not_found_error", "The file was not found")

const tooMany = (maxFiles: number): Reply.Json =>
  invalid(
    `The number of files you have uploaded exceeded the max file count ${maxFiles}, please delete previous uploaded files`
  )

const toJson = ({ file }: StoredFile): Reply.Json => Reply.json({ object: "file", status_details: "", ...file })

const route = /^\/v1\/files(?:\/([^/]+)(\/content)?)?$/

/** The files of one host, in the order of their uploads. */
export class HostFiles {
  readonly #files = new Map<string, StoredFile>()
  readonly #limits: FileLimits
  readonly #now: () => number
  #count = 0

  /** `now` is the time in milliseconds. */
  constructor(limits: FileLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** The response to a request of this API; `undefined` for any other. */
  respond(request: FileRequest): Reply.Json | Reply.Text | undefined {
    const [matched, encoded, content] = route.exec(request.path) ?? []
    if (matched === undefined) return undefined
    if (encoded === undefined) {
      if (request.method === "POST") return this.#upload(request)
      return request.method === "GET" ? this.#list() : undefined
    }
    const stored = this.#files.get(decodeURIComponent(encoded))
    if (stored === undefined) return unknownFile
    if (content !== undefined) return request.method === "GET" ? contentOf(stored) : undefined
    if (request.method === "DELETE") return this.#delete(stored)
    return request.method === "GET" ? toJson(stored) : undefined
  }

  /** The file with an id. */
  find(id: string): StoredFile | undefined {
    return this.#files.get(id)
  }

  /** Stores a file that the host itself has made. */
  store(filename: string, purpose: string, bytes: Uint8Array): StoredFile {
    this.#count++
    const file = {
      id: `file-${`${this.#count}`.padStart(6, "0")}`,
      bytes: bytes.length,
      created_at: Math.floor(this.#now() / 1_000),
      filename,
      purpose,
      status: "ready"
    }
    const stored = { file, bytes }
    this.#files.set(file.id, stored)
    return stored
  }

  clear(): void {
    this.#files.clear()
    this.#count = 0
  }

  #upload({ form }: FileRequest): Reply.Json | Reply.Text {
    if (form === undefined) return invalid("Invalid request: the body is not multipart/form-data")
    const file = form.find((part) => part.name === "file" && part.filename !== undefined)
    const purpose = new TextDecoder().decode(form.find(({ name }) => name === "purpose")?.bytes)
    if (file?.filename === undefined) return invalid("Invalid request: file is required")
    if (!isPurpose(purpose)) return ErrorReply.table.invalidPurpose
    if (file.bytes.length === 0) return ErrorReply.table.fileEmpty
    if (file.bytes.length > this.#limits.maxFileBytes) return ErrorReply.table.fileTooLarge
    if (purpose === "batch" && !file.filename.endsWith(".jsonl")) {
      return invalid("Invalid request: the input of a batch must be a .jsonl file")
    }
    if (this.#files.size >= this.#limits.maxFiles) return tooMany(this.#limits.maxFiles)
    return toJson(this.store(file.filename, purpose, file.bytes))
  }

  #list(): Reply.Json {
    const data = Array.from(this.#files.values(), ({ file }) => ({ object: "file", status_details: "", ...file }))
    return Reply.json({ object: "list", data })
  }

  #delete({ file: { id } }: StoredFile): Reply.Json {
    this.#files.delete(id)
    return Reply.json({ id, object: "file", deleted: true })
  }
}

const contentOf = ({ bytes, file }: StoredFile): Reply.Json | Reply.Text => {
  if (file.purpose === "image" || file.purpose === "video") {
    return invalid(`Invalid request: files with the purpose ${file.purpose} have no content`)
  }
  const type = file.purpose === "file-extract" ? "text/plain; charset=utf-8" : "application/jsonl"
  return Reply.body(new TextDecoder().decode(bytes), { headers: { "content-type": type } })
}
