/** Recognizes that a prompt is too long for a model, in the words of each host, and reads the figures. */
import { ContextLengthError } from "@kimi-effect/core/ValidationErrors"
import type { CommonErrorMembers } from "./badRequestMessages.ts"

/** The window and the tokens of the request. */
export interface OverflowFigures {
  readonly limit?: number
  readonly requested?: number
}

/** "context deadline exceeded" is a timeout, so `context` alone is not enough. */
const overflows: ReadonlyArray<RegExp> = [
  /exceed\w{0,3}\b.{0,80}\b(?:context (?:length|window|size|limit)|token limit|max(?:imum)? (?:number of )?(?:allowed |input )?tokens|maximum (?:model|input) length)/i,
  /\b(?:context (?:length|window|size)|maximum (?:context|model) length|token limit)\b.{0,120}\b(?:exceed\w{0,3}|is full|overflow\w{0,2}|however)/i,
  /\b(?:longer|larger|greater) than the (?:model'?s? )?(?:maximum )?(?:context|model) (?:length|window|size)/i,
  /\b(?:prompt|input|conversation)\b.{0,40}\btoo long\b/i,
  /\b(?:reduce|shorten) (?:the |your )?(?:(?:length|size|number) of (?:the |your )?)?(?:input|messages?|prompt|conversation)\b/i,
  // Tokens of a minute or a day exceed a rate limit instead.
  /\b(?:input|prompt|context) (?:tokens?|length|size)\b.{0,24}\bexceed\w{0,3}\b(?!.{0,80}\b(?:rate|per[ -](?:second|minute|hour|day)|quota)\b)/i,
  /\b(?:prompt|input)\b.{0,32}(?:\+|\b(?:and|plus)\b).{0,8}\bmax_(?:new_|completion_|output_)?tokens\b.{0,40}\b(?:must|should|cannot|exceed\w{0,3})\b/i,
  /`inputs` tokens \+ `max_new_tokens` must be/i,
  /\bcontext (?:length|window|size) is only \d/i,
  /ContextWindowExceeded/i,
  /上下文.{0,24}(?:超|过长)|超(?:出|过|长).{0,24}(?:上下文|最大.{0,8}(?:长度|token))|(?:输入|提示词).{0,12}过长/i
]

/** Whether the text can only mean that the prompt does not fit, so that the status does not matter. */
export const isContextOverflow = (text: string): boolean => overflows.some((pattern) => pattern.test(text))

const figure = String.raw`(\d[\d,]{0,14})(?![\d,])`

const pattern = (source: string): RegExp => new RegExp(source.replaceAll("#", figure), "i")

const limits: ReadonlyArray<RegExp> = [
  pattern(
    String.raw`(?:maximum (?:context|model) length|maximum context|context (?:length|window|size)|token limit)(?: limit)?\s?(?:is|of|[:=(]|<=)?\s?(?:only|[:(])?\s?#`
  ),
  pattern(String.raw`must be <= ?#`),
  pattern(String.raw`maximum allowed length \(?#`),
  pattern(String.raw`\bmax_(?:new_|completion_|output_)?tokens\b.{0,40}(?:less than|exceed|at most|<=?) ?#`),
  pattern(String.raw`> #(?: tokens)? maximum`),
  pattern(String.raw`maximum (?:number of )?(?:input )?tokens(?: allowed)?\s?(?:is |of |\()?#`),
  pattern(String.raw`range of input length should be \[\d{1,9}, ?#\]`)
]

/** Where a text names the prompt and the output apart, the request is their sum. */
const requests: ReadonlyArray<RegExp> = [
  pattern(String.raw`given: # .inputs. tokens and # `),
  pattern(String.raw`passed # input tokens and requested #`),
  pattern(String.raw`too large: #\..{0,120}request has # input`),
  pattern(String.raw`requested:?\s?(?:about |a total of )?#`),
  pattern(
    String.raw`(?:resulted in|request has|too long:|passed|\(length|(?:request|input(?: length)?|prompt(?: length)?|token count) \()\s?#`
  )
]

/** Ignores figures that are too long for a number. */
const toFigure = (text: string | undefined): number | undefined => {
  const value = Number(text?.replaceAll(",", ""))
  return Number.isSafeInteger(value) ? value : undefined
}

const firstOf = (patterns: ReadonlyArray<RegExp>, text: string): number | undefined => {
  for (const each of patterns) {
    const match = each.exec(text)
    if (match === null) continue
    const [, first, second] = match
    const value = toFigure(first)
    return value === undefined || second === undefined ? value : value + (toFigure(second) ?? 0)
  }
  return undefined
}

const figuresIn = (text: string): OverflowFigures => {
  const limit = firstOf(limits, text)
  const requested = firstOf(requests, text)
  return { ...(limit === undefined ? {} : { limit }), ...(requested === undefined ? {} : { requested }) }
}

/** The error, with the figures that the text names unless the host sent them apart. */
export const contextLengthError = (
  common: CommonErrorMembers,
  text: string,
  figures: OverflowFigures = {}
): ContextLengthError => new ContextLengthError({ ...common, ...figuresIn(text), ...figures })
