/**
 * Redacts what looks like a secret or an account id in a text. Every pattern
 * runs in linear time; the text should be bounded.
 *
 * @since 0.1.0
 */

type Pattern = readonly [RegExp, string]

const keys: ReadonlyArray<Pattern> = [
  [/\bBearer\s{1,8}[^\s"',]+/gi, "Bearer <redacted>"],
  [/\bsk-[A-Za-z0-9_-]{6,}/g, "<redacted>"],
  [/:\/\/[^/\s@]{1,256}@/g, "://<redacted>@"]
]

const accounts: Pattern = [/\b(org|ak|uid|proj)-[A-Za-z0-9]{6,}/g, "$1-<redacted>"]

const all: ReadonlyArray<Pattern> = [...keys, accounts]

/** A quick test that matches whenever a pattern could, so that most texts are scanned once. */
const secretHint = /bearer\s|sk-|(?:org|ak|uid|proj)-|:\/\//i

const replaced = (text: string, patterns: ReadonlyArray<Pattern>): string => {
  if (!secretHint.test(text)) return text
  let out = text
  for (const [pattern, replacement] of patterns) out = out.replace(pattern, replacement)
  return out
}

/**
 * The text with keys, tokens, account ids and the user info of URLs redacted.
 *
 * @category conversions
 * @since 0.1.0
 */
export const redactSecrets = (text: string): string => replaced(text, all)

/**
 * The text with keys, tokens and the user info of URLs redacted. Account ids stay: in
 * words of the user, what looks like one is the name of a file or of a job.
 *
 * @category conversions
 * @since 0.1.0
 */
export const redactKeys = (text: string): string => replaced(text, keys)
