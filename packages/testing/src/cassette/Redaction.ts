/**
 * What is removed from a recording before it is written.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"

/**
 * What is removed in addition to the defaults.
 *
 * **Details**
 *
 * By default only `content-type` and the matched headers of a request are kept.
 * Of a response the headers of the connection, `date` and `set-cookie` are left
 * out, and those that name the account are redacted. Keys that a request sends
 * in its headers are redacted wherever they occur, and so is what has the form
 * of a key, a token, an account id or the user info of a URL.
 *
 * @category options
 * @since 0.1.0
 */
export interface RedactionOptions {
  /** Names of further response headers whose values are redacted. */
  readonly headers?: ReadonlyArray<string> | undefined
  /** Texts that are redacted: every match, in paths, headers, and strings of bodies. */
  readonly patterns?: ReadonlyArray<RegExp> | undefined
  /** Secrets that are known, such as keys, or canaries that tests plant. They are also found in common encodings. */
  readonly secrets?: ReadonlyArray<string | Redacted.Redacted> | undefined
}
