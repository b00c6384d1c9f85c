/**
 * Takes secrets and account ids out of text that a server sent.
 *
 * Every pattern is linear, and the text is cut before it is matched, so that a
 * hostile server cannot make this slow.
 */
import { redactSecrets } from "@kimi-effect/core/internal/Secrets"

const maxInputLength = 8_192
const maxOutputLength = 2_048

/** Shorter secrets are found in ordinary words; no real key is that short. */
const isScrubbable = (secret: string | undefined): secret is string => secret !== undefined && secret.length >= 4

/** Takes the key out of one word of the server's, such as an id, and shortens it. */
export const scrubWord = (word: string, secret: string | undefined): string =>
  (isScrubbable(secret) ? word.replaceAll(secret, "<redacted>") : word).slice(0, 128)

/** Scrubs and shortens `text`. `secret` is the caller's own key, whatever its form. */
export const scrub = (text: string, secret: string | undefined): string => {
  let out = text.slice(0, maxInputLength)
  if (isScrubbable(secret)) {
    out = out.replaceAll(secret, "<redacted>")
    // The beginning of one that the cut went through is not found, so it goes with the end.
    if (text.length > maxInputLength) out = out.slice(0, Math.max(0, out.length - secret.length))
  }
  out = redactSecrets(out)
  return out.length > maxOutputLength ? `${out.slice(0, maxOutputLength)}…` : out
}
