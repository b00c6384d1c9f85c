/**
 * Bytes as text, for stores that keep strings only.
 *
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Result from "effect/Result"

interface Runtime {
  readonly Uint8Array: Uint8ArrayConstructor
  /** Node's, which decodes several times faster than Effect does. */
  readonly Buffer?: { readonly from: (text: string, encoding: "base64") => Uint8Array }
}

const runtime: Runtime = globalThis

/** Bytes in base64. */
export const encode = (bytes: Uint8Array): string => Base64.encode(bytes)

/** The bytes of a text in base64; none when it is invalid, where the runtime checks it. */
export const decode = (text: string): Option.Option<Uint8Array> =>
  runtime.Buffer === undefined
    ? Result.getSuccess(Base64.decode(text))
    : Option.some(runtime.Buffer.from(text, "base64"))
