/**
 * Removes secrets and account ids from text of the host.
 *
 * Every pattern is linear, and the text is cut before it is matched, so that a
 * hostile host cannot make this slow.
 */
import { redactSecrets } from "@kimi-effect/core/internal/Secrets"

const maxInputLength = 8_192
const maxOutputLength = 2_048

/** Shorter secrets occur in ordinary words; no real key is that short. */
const isScrubbable = (secret: string | undefined): secret is string => secret !== undefined && secret.length >= 4

/** Removes the key from one word of the host, such as an id, and shortens it. */
export const scrubWord = (word: string, secret: string | undefined): string =>
  (isScrubbable(secret) ? word.replaceAll(secret, "<redacted>") : word).slice(0, 128)

/** Scrubs and shortens `text`. `secret` is the caller's key, in any form. */
export const scrub = (text: string, secret: string | undefined): string => {
  let out = text.slice(0, maxInputLength)
  if (isScrubbable(secret)) {
    out = out.replaceAll(secret, "<redacted>")
    // A key that the cut goes through is not found, so the end is removed.
    if (text.length > maxInputLength) out = out.slice(0, Math.max(0, out.length - secret.length))
  }
  out = redactSecrets(out)
  return out.length > maxOutputLength ? `${out.slice(0, maxOutputLength)}…` : out
}
