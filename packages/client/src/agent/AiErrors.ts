/**
 * The library's errors as Effect's `AiError`, which `LanguageModel` fails with,
 * and back.
 *
 * **Example** (A call that is repeated when the account is empty)
 *
 * ```ts
 * const program = LanguageModel.generateText({ prompt: "Hello" }).pipe(
 *   Effect.catchTag("AiError", (error) => {
 *     const kimiError = AiErrors.fromAiError(error)
 *     return kimiError?._tag === "QuotaExceededError" ? topUp : Effect.fail(error)
 *   })
 * )
 * ```
 *
 * @since 0.1.0
 */
import { codec, type KimiError } from "@kimi-effect/core/KimiError"
import * as AiError from "effect/ai/AiError"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { reasonOf } from "./internal/model/reasons.ts"

/**
 * What the metadata of an `AiError` holds under `kimi`. `NetworkError`, which
 * has no metadata, holds it under `kimi` in its `cause`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorMetadata {
  /** The tag of the library's error, such as `"OverloadedError"`. */
  readonly tag: KimiError["_tag"]
  /** The error in its JSON form, without `partial`: logs print metadata, and `partial` is text of the model. */
  readonly error: Schema.MutableJson
}

/** The error that a reason was made of, with the part of the response that it holds. */
const originals = new WeakMap<object, KimiError>()

// Decoding is lenient by design: metadata comes from anywhere an `AiError` was stored.
const decode = Schema.decodeUnknownOption(codec)
const encode = Schema.encodeSync(codec)

const metadataOf = (error: KimiError): { readonly kimi: Schema.MutableJson } => {
  // The codec encodes to a plain object of JSON values.
  const { partial: _, ...encoded } = encode(error) as unknown as { readonly [name: string]: Schema.MutableJson }
  return { kimi: { tag: error._tag, error: encoded } }
}

/**
 * An error of the library as an `AiError` of `module` and `method`, with the
 * reason that fits its meaning, and retryable when the error is.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toAiError =
  (method: string, module = "KimiLanguageModel") =>
  (error: KimiError): AiError.AiError => {
    const reason = reasonOf(error, metadataOf(error))
    originals.set(reason, error)
    return AiError.make({ module, method, reason })
  }

const kimiMember = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "kimi" in value ? value.kimi : undefined

/**
 * The error of the library in an `AiError`, or none if another provider or
 * Effect itself made it. In the process that made it, the same error; after a
 * round trip through JSON an equal one without `partial`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromAiError = ({ reason }: AiError.AiError): KimiError | undefined => {
  const original = originals.get(reason)
  if (original !== undefined) return original
  const holder = reason._tag === "NetworkError" ? reason.cause : "metadata" in reason ? reason.metadata : undefined
  const kimi = kimiMember(holder)
  if (typeof kimi !== "object" || kimi === null || !("error" in kimi)) return undefined
  return Option.getOrUndefined(decode(kimi.error))
}
