/** What is done with markup of the model that a host leaves in its text, and where such markup counts. */
import type { Values } from "@kimi-effect/core/KimiConfig"

/** How markup is treated. */
export interface MarkupPolicy {
  readonly mode: Values["markup"]
  /**
   * Whether only complete markup in the place where the model writes it counts,
   * since the host parses markup itself and its text may mention it.
   */
  readonly isStrict: boolean
}

/** A tool call that was written as text. */
export interface MarkupCall {
  /** `functions.get_weather:0` */
  readonly id: string
  readonly name: string
  readonly arguments: string
}

const sectionBegins = ["<|tool_calls_section_begin|>", "<|tool_call_section_begin|>"]
const sectionEnds = ["<|tool_calls_section_end|>", "<|tool_call_section_end|>"]

/** The tokens with which a call begins and ends, alone or in a section. */
const callBegin = "<|tool_call_begin|>"
const callArguments = "<|tool_call_argument_begin|>"
const callEnd = "<|tool_call_end|>"

/** The tokens with which tool calls begin. Some models leave out the section. */
export const toolTokens: ReadonlyArray<string> = [...sectionBegins, callBegin]

/** The tokens of reasoning, of newer and of older models. */
export const thinkBegins: ReadonlyArray<string> = ["<think>", "\u25c1think\u25b7"]
export const thinkEnds: ReadonlyArray<string> = ["</think>", "\u25c1/think\u25b7"]

/** Whether a text may hold a token, or a backtick, which makes a token a mention. */
export const mayHoldMarkup = (text: string): boolean => /[<\u25c1`]/.test(text)

/** The first occurrence of any token from an offset. */
export const findToken = (
  text: string,
  tokens: ReadonlyArray<string>,
  from = 0
): { readonly at: number; readonly token: string } | undefined => {
  let found: { readonly at: number; readonly token: string } | undefined
  for (const token of tokens) {
    const at = text.indexOf(token, from)
    if (at >= 0 && (found === undefined || at < found.at)) found = { at, token }
  }
  return found
}

/** The number of characters at the end of a text that may be the beginning of a token. */
export const pendingLength = (text: string, tokens: ReadonlyArray<string>): number => {
  const longest = Math.max(...tokens.map((token) => token.length)) - 1
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(text.length - length)
    if (tokens.some((token) => token.startsWith(end))) return length
  }
  return 0
}

/** The offset after the markup that begins a text, or `undefined` if it is not closed. */
export const markupEnd = (text: string): number | undefined => {
  if (!text.startsWith(callBegin)) {
    const end = findToken(text, sectionEnds)
    return end === undefined ? undefined : end.at + end.token.length
  }
  const end = text.indexOf(callEnd)
  return end < 0 ? undefined : end + callEnd.length
}

/** Whether a text that begins with a token of tools cannot be markup: something else than a call follows. */
export const isMention = (text: string): boolean => {
  const begin = sectionBegins.find((token) => text.startsWith(token))
  if (begin === undefined) {
    const rest = text.slice(callBegin.length).trimStart()
    return rest !== "" && !/^[A-Za-z_$]/.test(rest)
  }
  const rest = text.slice(begin.length).trimStart()
  return ![callBegin, ...sectionEnds].some((token) => token.startsWith(rest.slice(0, token.length)))
}

const isObjectText = (json: string): boolean => {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** `functions.get_weather:0` */
const callHead = /^(?:functions\.)?([A-Za-z_$][\w$.-]*?)(?::\d+)?$/

/** The calls of markup, or `undefined` if any of them is incomplete or not a call. */
export const parseCalls = (markup: string): ReadonlyArray<MarkupCall> | undefined => {
  let rest = markup.trim()
  const begin = sectionBegins.find((token) => rest.startsWith(token))
  if (begin !== undefined) rest = rest.slice(begin.length)
  const end = sectionEnds.find((token) => rest.endsWith(token))
  if (end !== undefined) rest = rest.slice(0, -end.length)
  const calls: Array<MarkupCall> = []
  for (rest = rest.trim(); rest !== ""; rest = rest.trim()) {
    const closes = rest.indexOf(callEnd)
    if (!rest.startsWith(callBegin) || closes < 0) return undefined
    const [head = "", args, ...others] = rest.slice(callBegin.length, closes).split(callArguments)
    const name = callHead.exec(head.trim())?.[1]
    if (name === undefined || args === undefined || others.length > 0 || !isObjectText(args)) return undefined
    calls.push({ id: head.trim(), name, arguments: args.trim() })
    rest = rest.slice(closes + callEnd.length)
  }
  return calls
}
