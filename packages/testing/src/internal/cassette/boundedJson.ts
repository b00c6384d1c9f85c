/** Parses JSON that is not nested so deeply that functions which visit its values exceed the stack. */
import * as Result from "effect/Result"

/** Deeper than any real request or response. */
const maxDepth = 200

/** A body within the text of a cassette. */
const maxFileDepth = maxDepth + 50

/** Whether the brackets of a text are nested deeper than that. Those in strings are not counted. */
const isDeeperThan = (limit: number, text: string): boolean => {
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInString) {
      if (code === 0x5c) at++
      else if (code === 0x22) isInString = false
    } else if (code === 0x22) isInString = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}

/** Whether the text of a cassette is nested deeper than any that was recorded. */
export const isTooDeep = (text: string): boolean => isDeeperThan(maxFileDepth, text)

/** The value of a JSON text, or `undefined` for another text. */
export const parse = (text: string): { readonly value: unknown } | undefined => {
  const first = text.trimStart().charCodeAt(0)
  if (Number.isNaN(first)) return undefined
  const parsed = isDeeperThan(maxDepth, text) ? undefined : Result.try((): unknown => JSON.parse(text))
  return parsed !== undefined && Result.isSuccess(parsed) ? { value: parsed.success } : undefined
}

/** The value of a JSON text from which exactly the same text can be made. */
export const parseExact = (text: string): { readonly value: unknown } | undefined => {
  const parsed = parse(text)
  return parsed !== undefined && JSON.stringify(parsed.value) === text ? parsed : undefined
}
