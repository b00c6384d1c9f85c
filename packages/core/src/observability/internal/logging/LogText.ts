/**
 * Truncates and redacts texts for the log, without splitting characters.
 *
 * @since 0.1.0
 */
import { redactSecrets } from "./Secrets.ts"

/** Longer than any secret that a pattern detects, so that truncation never leaves the start of one. */
const secretMargin = 256

/** Shorter secrets occur in ordinary words. */
const minSecretLength = 4

/** Log lines repeat a small set of names. */
const maxNames = 1_000
const maxNameLength = 128

/**
 * Memoizes a function of names, up to a bound.
 *
 * @category constructors
 * @since 0.1.0
 */
export const memoizeNames = <A>(make: (name: string) => A): ((name: string) => A) => {
  const known = new Map<string, A>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const made = make(name)
    if (known.size < maxNames && name.length <= maxNameLength) known.set(name, made)
    return made
  }
}

/**
 * Makes a function that truncates texts and redacts secrets in them: those that
 * match a pattern, and those that are given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (secrets: ReadonlyArray<string>) => {
  const known = secrets
    .filter((secret) => secret.length >= minSecretLength)
    .toSorted((one, other) => other.length - one.length)
  const margin = Math.max(secretMargin, known[0]?.length ?? 0)
  return (maxLength: number) =>
    (text: string): string => {
      const isCut = text.length > maxLength
      let out = isCut ? text.slice(0, maxLength + margin) : text
      for (const secret of known) out = out.replaceAll(secret, "<redacted>")
      out = redactSecrets(out)
      if (isCut) out = `${out.slice(0, Math.min(maxLength, Math.max(0, out.length - margin)))}…`
      return out.toWellFormed()
    }
}
