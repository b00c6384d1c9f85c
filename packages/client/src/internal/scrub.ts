/**
 * Redacts secrets and account ids in text from a server.
 *
 * All patterns take linear time, and long text is truncated first, so that a
 * hostile server cannot make this slow.
 */
import { redactSecrets } from "@kimi-effect/core/internal/Secrets"

const maxInputLength = 8_192
const maxOutputLength = 2_048

/** Shorter secrets occur in ordinary words, and no real key is that short. */
const isScrubbable = (secret: string | undefined): secret is string => secret !== undefined && secret.length >= 4

/** Redacts and truncates `text`. `secret` is the caller's key, in any format. */
export const scrub = (text: string, secret: string | undefined): string => {
  let out = text.slice(0, maxInputLength)
  if (isScrubbable(secret)) {
    out = out.replaceAll(secret, "<redacted>")
    // Truncation may have left the start of a key at the end, which is not found: remove as much as a key is long.
    if (text.length > maxInputLength) out = out.slice(0, Math.max(0, out.length - secret.length))
  }
  out = redactSecrets(out)
  return out.length > maxOutputLength ? `${out.slice(0, maxOutputLength)}…` : out
}
