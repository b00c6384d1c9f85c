/**
 * A request that a server has received in full.
 *
 * @since 0.1.0
 */
import type { IncomingMessage } from "node:http"
import * as Result from "effect/Result"
import type { FormPart } from "../internal/host/FormPart.ts"
import { parse as parseForm } from "../internal/host/multipartForm.ts"

export type { FormPart } from "../internal/host/FormPart.ts"

/**
 * A request that a server has received in full.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReceivedRequest {
  /** In upper case. */
  readonly method: string
  /** Path without host and query, for example `/v1/chat/completions`. */
  readonly path: string
  /** Query without `?`. Empty when there is none. */
  readonly query: string
  /** By lower-case name. Values of repeated headers are joined with `, `. */
  readonly headers: { readonly [name: string]: string }
  /** The raw text of the body. Empty for a form, which is in `form`. */
  readonly body: string
  /** The parsed body, or `undefined` when it is not JSON. */
  readonly json: unknown
  /** The parts of a `multipart/form-data` body, in their order. */
  readonly form?: ReadonlyArray<FormPart> | undefined
}

/**
 * Reads a request to its end and passes it to `onReceived`, which is not called
 * when the client disconnects earlier.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = (message: IncomingMessage, onReceived: (request: ReceivedRequest) => void): void => {
  const parts: Array<Buffer> = []
  message.on("data", (part: Buffer) => void parts.push(part))
  message.once("end", () => onReceived(fromParts(message, Buffer.concat(parts))))
}

const fromParts = (message: IncomingMessage, bytes: Buffer): ReceivedRequest => {
  const form = parseForm(message.headers["content-type"] ?? "", bytes)
  const body = form === undefined ? bytes.toString("utf8") : ""
  const target = message.url ?? "/"
  const mark = target.indexOf("?")
  return {
    method: message.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? "" : target.slice(mark + 1),
    headers: Object.fromEntries(
      Object.entries(message.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : `${value}`
      ])
    ),
    body,
    json: body === "" ? undefined : parse(body),
    ...(form === undefined ? {} : { form })
  }
}

const parse = (text: string): unknown => Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
