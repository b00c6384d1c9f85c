/** A multipart form with one file, sent part by part. Source: RFC 7578; names are escaped as the HTML standard does. */
import * as Stream from "effect/Stream"

const encoder = new TextEncoder()

/** A boundary that no content contains, except by a chance of 2^-192. */
const makeBoundary = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  return `kimi-effect-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`
}

const escapes: { readonly [character: string]: string } = { '"': "%22", "\r": "%0D", "\n": "%0A" }

const escape = (name: string): string => name.replace(/["\r\n]/g, (character) => escapes[character] ?? character)

/** The file of a form. */
export interface FormFile {
  readonly filename: string
  readonly mimeType: string
  /** Bytes of the content, where they are known. */
  readonly size: number | undefined
}

/** A form without the content of its file. */
export interface Form {
  readonly contentType: string
  /** Bytes of the whole form, where those of the file are known. */
  readonly contentLength: number | undefined
  /** The form with the content of its file. */
  readonly withContent: (content: Stream.Stream<Uint8Array, unknown>) => Stream.Stream<Uint8Array, unknown>
}

/** A form with fields and the member `file`. */
export const make = (fields: { readonly [name: string]: string }, file: FormFile): Form => {
  const boundary = makeBoundary()
  const fieldParts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  )
  const filePart =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escape(file.filename)}"\r\n` +
    `Content-Type: ${file.mimeType}\r\n\r\n`
  const start = encoder.encode(fieldParts.join("") + filePart)
  const end = encoder.encode(`\r\n--${boundary}--\r\n`)
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: file.size === undefined ? undefined : start.length + file.size + end.length,
    withContent: (content) => Stream.succeed(start).pipe(Stream.concat(content), Stream.concat(Stream.succeed(end)))
  }
}
