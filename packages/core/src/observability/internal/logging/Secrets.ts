/**
 * Takes out of text what has the form of a secret or of an account's id,
 * whoever wrote the text. Every pattern is linear; give it bounded text.
 *
 * @since 0.1.0
 */

const patterns: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bBearer\s{1,8}[^\s"',]+/gi, "Bearer <redacted>"],
  [/\bsk-[A-Za-z0-9_-]{6,}/g, "<redacted>"],
  [/\b(org|ak|uid|proj)-[A-Za-z0-9]{6,}/g, "$1-<redacted>"],
  [/:\/\/[^/\s@]{1,256}@/g, "://<redacted>@"]
]

/** Where it finds nothing, no pattern does; most texts are looked at once. */
const secretHint = /bearer\s|sk-|(?:org|ak|uid|proj)-|:\/\//i

/**
 * The text without keys, tokens, account ids, and the user in a URL.
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
