/**
 * Redacts what looks like a secret or an account id in a text. Every pattern
 * runs in linear time; the text should be bounded.
 *
 * @since 0.1.0
 */

const patterns: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bBearer\s{1,8}[^\s"',]+/gi, "Bearer <redacted>"],
  [/\bsk-[A-Za-z0-9_-]{6,}/g, "<redacted>"],
  [/\b(org|ak|uid|proj)-[A-Za-z0-9]{6,}/g, "$1-<redacted>"],
  [/:\/\/[^/\s@]{1,256}@/g, "://<redacted>@"]
]

/** A quick test that matches whenever a pattern could, so that most texts are scanned once. */
const secretHint = /bearer\s|sk-|(?:org|ak|uid|proj)-|:\/\//i

/**
 * The text with keys, tokens, account ids and the user info of URLs redacted.
 *
 * @category conversions
 * @since 0.1.0
 */
export const redactSecrets = (text: string): string => {
  if (!secretHint.test(text)) return text
  let out = text
  for (const [pattern, replacement] of patterns) out = out.replace(pattern, replacement)
  return out
}
