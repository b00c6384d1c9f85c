/**
 * What a log shows of a text: a bounded piece of it, of whole characters, and
 * without secrets.
 *
 * @since 0.1.0
 */
import { redactSecrets } from "./Secrets.ts"

/** Longer than any secret that is told by its form, so that a cut never leaves the beginning of one. */
const secretMargin = 256

/** Shorter ones are found in ordinary words. */
const minSecretLength = 4

/** Names in a log are few, and come again in every line. */
const maxNames = 1_000
const maxNameLength = 128

/**
 * Remembers what is made of names.
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
 * Makes a function that bounds texts to a length and takes secrets out of
 * them: those that have the form of one, and those that are given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (secrets: ReadonlyArray<string>) => {
  const known = secrets
    .filter((secret) => secret.length >= minSecretLength)
    .toSorted((one, other) => other.length - one.length)
  const most = Math.max(secretMargin, known[0]?.length ?? 0)
  return (maxLength: number) =>
    (text: string): string => {
      const isCut = text.length > maxLength
      let out = isCut ? text.slice(0, maxLength + most) : text
      for (const secret of known) out = out.replaceAll(secret, "<redacted>")
      out = redactSecrets(out)
      if (isCut) out = `${out.slice(0, Math.min(maxLength, Math.max(0, out.length - most)))}…`
      return out.toWellFormed()
    }
}
