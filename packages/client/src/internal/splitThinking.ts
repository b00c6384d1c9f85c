import { CodeSpans } from "./CodeSpans.ts"
import { findToken, thinkBegins, thinkEnds } from "./MarkupPolicy.ts"

/** Splits a whole text that ends reasoning without a beginning, as templates with an opened `<think>` give. */
export const splitThinking = (content: string): readonly [reasoning: string, content: string] | undefined => {
  const end = findToken(content, thinkEnds)
  if (end === undefined || findToken(content, thinkBegins) !== undefined) return undefined
  const code = new CodeSpans()
  code.feed(content.slice(0, end.at))
  const rest = content.slice(end.at + end.token.length)
  return code.isInside || (rest !== "" && !/^\s/.test(rest)) ? undefined : [content.slice(0, end.at), rest.trimStart()]
}
